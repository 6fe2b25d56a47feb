// Whether a host has an ONVIF service at one of the ports cameras use: GetSystemDateAndTime, which needs no sign-in. Only
// the host itself is asked, redirects are not followed, and time and bytes are bounded.
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Clock } from '../clock.ts';
import { hostInUrl } from './host-in-url.ts';
import { elementsAt, readXml } from './xml-element.ts';

const ports = [80, 8080, 8000, 8899, 2020, 5000, 443];
const path = '/onvif/device_service';
const timeoutMs = 2_500;
const mostBytes = 65_536;
const question =
  '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>';

export type OnvifQuestion = {
  address: string;
  clock: Clock;
  signal: AbortSignal;
  /** Instead of the usual ones. */
  ports?: readonly number[];
};

/** Addresses of the services that answered in ONVIF, in the order of the ports. Rejects only with the signal's reason. */
export async function onvifServices(options: OnvifQuestion): Promise<string[]> {
  const { address, clock, signal } = options;
  signal.throwIfAborted();
  const deadline = new AbortController();
  const cancel = clock.after(timeoutMs, () => deadline.abort());
  const either = AbortSignal.any([signal, deadline.signal]);
  try {
    const asking = (options.ports ?? ports).map(async port => {
      const url = urlOf(address, port);
      const answer = await post({ address, port, signal: either }).catch(() => Buffer.alloc(0));
      return speaksOnvif(answer) ? [url] : [];
    });
    return (await Promise.all(asking)).flat();
  } finally {
    cancel();
    signal.throwIfAborted();
  }
}

function urlOf(address: string, port: number): string {
  const host = hostInUrl(address);
  if (port === 443) return `https://${host}${path}`;
  return `http://${host}${port === 80 ? '' : `:${port}`}${path}`;
}

type Target = { address: string; port: number; signal: AbortSignal };

/** The body of the answer, whatever its status. Rejects when there is none, or when it is too long. */
async function post({ address, port, signal }: Target): Promise<Buffer> {
  const options = {
    ...{ host: address, port, path, method: 'POST', agent: false as const, signal },
    headers: { 'content-type': 'application/soap+xml; charset=utf-8', 'content-length': Buffer.byteLength(question) },
  };
  return new Promise((resolve, reject) => {
    // Nothing secret is sent, and cameras make their certificates themselves.
    const asking = port === 443 ? requestTls({ ...options, rejectUnauthorized: false }) : request(options);
    asking.on('error', reject).on('response', async response => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      try {
        for await (const chunk of response) {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > mostBytes) throw new Error('The answer is too long');
        }
        resolve(Buffer.concat(chunks));
      } catch (error) {
        reject(error);
      } finally {
        asking.destroy();
      }
    });
    asking.end(question);
  });
}

/** The time, or a refusal in SOAP: devices that want a sign-in even for this. */
function speaksOnvif(answer: Buffer): boolean {
  const envelope = readXml(answer);
  if (envelope?.name !== 'Envelope') return false;
  const [content] = elementsAt(envelope, 'Body')[0]?.children ?? [];
  return content?.name === 'GetSystemDateAndTimeResponse' || content?.name === 'Fault';
}

// One request to the credential provider of AWS IoT: the device's certificate and key in, the role's credentials out.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:https';
import type { AwsCredentialIdentity } from '@smithy/types';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { systemCode } from '../errors.ts';
import {
  certificateExpired,
  certificateInvalid,
  exchangeError,
  expiredOnArrival,
  fileUnreadable,
  hungUp,
  keyOfAnother,
  refusedExchange,
  unreadableAnswer,
} from './iot-errors.ts';
import type { IotSettings } from './iot-settings.ts';

const timeoutMs = 15_000;
const maxAnswerBytes = 65_536;

const answerSchema = z.object({
  credentials: z.object({
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(1),
    sessionToken: z.string().min(1),
    expiration: z.string().refine(text => !Number.isNaN(Date.parse(text))),
  }),
});

export type ExchangeOptions = { iot: IotSettings; clock: Clock };

/** Rejects with a `service-…` AgentError. */
export async function exchangeCertificate({
  iot,
  clock,
}: ExchangeOptions): Promise<AwsCredentialIdentity & { expiration: Date }> {
  const files = await readFiles(iot, clock.nowMs());
  const { hostname, port } = new URL(`https://${iot.endpoint}`);
  const { status, text } = await send(clock, {
    ...files,
    hostname,
    port: port || 443,
    path: `/role-aliases/${encodeURIComponent(iot.roleAlias)}/credentials`,
    headers: iot.thingName === undefined ? {} : { 'x-amzn-iot-thingname': iot.thingName },
    // No connection is kept: the next exchange is an hour away and may use another certificate.
    agent: false,
  });
  if (status !== 200) throw refusedExchange(status, iot);
  const { expiration, ...keys } = parseAnswer(text);
  if (Date.parse(expiration) <= clock.nowMs()) throw expiredOnArrival();
  return { ...keys, expiration: new Date(expiration) };
}

function parseAnswer(text: string): z.output<typeof answerSchema>['credentials'] {
  try {
    return answerSchema.parse(JSON.parse(text)).credentials;
  } catch {
    // Without its cause: the parser's words may quote the answer, and that is a secret.
    throw unreadableAnswer();
  }
}

/** What can be told from the files alone is told here: TLS says only that the handshake failed. */
async function readFiles(iot: IotSettings, nowMs: number): Promise<Pick<RequestOptions, 'cert' | 'key' | 'ca'>> {
  const cert = await readPem(iot.certificateFile, 'certificateFile');
  const key = await readPem(iot.privateKeyFile, 'privateKeyFile');
  const ca = iot.caFile === undefined ? undefined : await readPem(iot.caFile, 'caFile');
  const certificate = parsed(() => new X509Certificate(cert), iot.certificateFile, 'certificateFile');
  const privateKey = parsed(() => createPrivateKey(key), iot.privateKeyFile, 'privateKeyFile');
  if (certificate.validToDate.getTime() <= nowMs) throw certificateExpired(iot, certificate.validToDate);
  if (!certificate.checkPrivateKey(privateKey)) throw keyOfAnother(iot);
  return { cert, key, ...(ca ? { ca } : {}) };
}

async function readPem(path: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileUnreadable(path, setting, error);
  }
}

/** The parser's error is not kept: it says nothing a person can use. */
function parsed<T>(parse: () => T, path: string, setting: string): T {
  try {
    return parse();
  } catch {
    throw certificateInvalid(path, setting);
  }
}

function send(clock: Clock, options: RequestOptions): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(options, response => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) sent.destroy(unreadableAnswer());
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      response.on('error', error => reject(exchangeError(error)));
      response.on('close', () => cancel());
    });
    const cancel = clock.after(timeoutMs, () => sent.destroy(new Error('no answer in time')));
    let handshaken = false;
    sent.on('socket', socket => socket.once('secureConnect', () => (handshaken = true)));
    sent.on('error', error => {
      cancel();
      reject(handshaken && systemCode(error) === 'ECONNRESET' ? hungUp(error) : exchangeError(error));
    });
    sent.end();
  });
}

// The credential provider of AWS IoT as a device sees it: a TLS server that asks for a certificate, and answers on script.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { DeviceCertificates } from './device-certificates.ts';

export type Exchange = { path: string; thing: string | undefined; device: string };
export type Script = (exchange: Exchange, times: number) => { status: number; body: string } | 'silence';

export async function serveCredentials(certificates: DeviceCertificates, script: Script) {
  const exchanges: Exchange[] = [];
  const server = createServer(
    {
      cert: certificates.read('server.pem'),
      key: certificates.read('server.key'),
      ca: certificates.read('ca.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      const thing = request.headers['x-amzn-iot-thingname'];
      const device = (request.socket as TLSSocket).getPeerCertificate().subject.CN;
      const exchange = { path: request.url ?? '', thing: thing?.toString(), device: String(device) };
      exchanges.push(exchange);
      const answer = script(exchange, exchanges.length);
      if (answer !== 'silence')
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    },
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `127.0.0.1:${port}`,
    exchanges,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

export function grant(expiresAtMs: number, accessKeyId = 'ASIAEXAMPLE'): { status: number; body: string } {
  const expiration = new Date(expiresAtMs).toISOString();
  const credentials = { accessKeyId, secretAccessKey: 'the-secret-key', sessionToken: 'the-session-token', expiration };
  return { status: 200, body: JSON.stringify({ credentials }) };
}

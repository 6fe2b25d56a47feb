// A real HTTP receiver that answers each request with the next behaviour of its script, and 204 after its end.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';

export type Behaviour =
  | number
  | 'silence'
  | 'reset'
  | 'endless-body'
  | 'answer-without-end'
  | { status: number; headers: Record<string, string>; text?: string };
export type Received = { path: string; headers: IncomingHttpHeaders; body: string };
export type MisbehavingReceiver = { url: string; received: Received[] };

export async function misbehavingReceiver(script: Behaviour[] = []): Promise<MisbehavingReceiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const behaviour = script[received.length] ?? 204;
    received.push({
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    });
    if (behaviour === 'silence') return;
    if (behaviour === 'reset') return request.socket.resetAndDestroy();
    if (behaviour === 'endless-body') {
      response.writeHead(200);
      const more = () => void (response.writable && response.write('x'.repeat(65_536), () => setImmediate(more)));
      return more();
    }
    if (behaviour === 'answer-without-end') return void response.writeHead(202).write('taken');
    const { status, headers, text } =
      typeof behaviour === 'number' ? { status: behaviour, headers: {}, text: undefined } : behaviour;
    response.writeHead(status, headers).end(text);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The receiver has no port');
  return { url: `http://127.0.0.1:${address.port}`, received };
}

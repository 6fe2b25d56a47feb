// A server that answers GetDataEndpoint and GetHLSStreamingSessionURL as a test tells it to, and remembers what was asked.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Aws } from '../../agent/aws/aws.ts';

export type Scripted = { status?: number; errorType?: string; body?: unknown };

export async function serveArchive(answers: Scripted[] = []) {
  const asked: { path: string; body: unknown; authorization: string }[] = [];
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    asked.push({ path, body: await json(request), authorization: request.headers.authorization ?? '' });
    const answer: Scripted =
      path === '/getDataEndpoint' ? { body: { DataEndpoint: url } } : (answers.shift() ?? { status: 500 });
    response.writeHead(answer.status ?? 200, {
      'content-type': 'application/json',
      ...(answer.errorType ? { 'x-amzn-ErrorType': answer.errorType } : {}),
    });
    response.end(JSON.stringify(answer.body ?? { Message: 'Scripted words of the service' }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const aws: Aws = {
    region: 'us-west-2',
    endpoint: url,
    credentials: async () => ({ accessKeyId: 'local', secretAccessKey: 'c4nary-secret' }),
  };
  return {
    url,
    aws,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

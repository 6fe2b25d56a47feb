// The limit for a server in Node: reads a whole file and sends it, and does nothing else. node bare-file-server.ts FOLDER
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [folder = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
const server = createServer(async (request, response) => {
  const bytes = await readFile(join(folder, decodeURIComponent(request.url ?? '')));
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes.length });
  response.end(bytes);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
process.stdout.write(`listens on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}\n`);
process.on('SIGTERM', () => process.exit());

// The console itself: files of the built app, and its one page for every address the app makes up.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { unknownAddress } from '../refusal.ts';

const notBuilt = `<!doctype html><meta charset="utf-8"><title>kvs-edge</title>
<p>The agent is running, but its console is not built. Run <code>npm run build</code> in the project's folder and reload.</p>
`;

export async function consoleRoutes(app: FastifyInstance, consoleDir: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: consoleDir,
    index: false,
    dotfiles: 'ignore',
    cacheControl: false,
    // The folder may be made later, by the build.
    suppressWarning: true,
    setHeaders: (response, path) => response.header('cache-control', cacheControlOf(path, consoleDir)),
  });

  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    if (request.method !== 'GET' && request.method !== 'HEAD') throw unknownAddress();
    if (path.startsWith('/assets/') || path === '/api' || path.startsWith('/api/')) throw unknownAddress();
    return page(reply, consoleDir);
  });
  app.get('/', (_request, reply) => page(reply, consoleDir));
}

async function page(reply: FastifyReply, consoleDir: string): Promise<FastifyReply> {
  try {
    await access(join(consoleDir, 'index.html'));
  } catch {
    return reply.code(503).type('text/html; charset=utf-8').send(notBuilt);
  }
  return reply.code(200).sendFile('index.html');
}

// Vite puts a hash of the content into the names of everything in assets/.
function cacheControlOf(path: string, consoleDir: string): string {
  return path.startsWith(join(consoleDir, 'assets')) ? 'public, max-age=31536000, immutable' : 'no-cache';
}

// The running agent answers commands of the same machine on a socket in its data folder. Only its own user may connect;
// there is no password beside that.
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { AgentError, asAgentError, systemCode } from '../errors.ts';
import { makeFolder } from '../folders.ts';
import { askAgent } from './control-client.ts';
import { type Answer, linesOf, maxRequestChars, requestSchema, socketName } from './wire.ts';

/** By name; what a handler returns or resolves to is sent as JSON. A rejection becomes the error the command shows. */
export type ControlRequests = Record<string, (params: unknown) => unknown>;

export type ControlServerOptions = {
  dataDir: string;
  requests: ControlRequests;
  clock: Clock;
  /** Told of a handler's failure that is a bug; the caller has been answered. */
  onUnexpectedError: (error: unknown, request: string) => void;
};

/**
 * Answers until it is disposed. Rejects with `control-failed` when the socket cannot be opened: the agent works without
 * it, only commands cannot reach it.
 */
export async function serveControl(options: ControlServerOptions): Promise<AsyncDisposable> {
  const path = join(options.dataDir, socketName);
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    void converse(socket, options);
  });
  try {
    await makeFolder(options.dataDir);
    await clearStale(options, path);
    await listen(server, path);
  } catch (error) {
    throw openError(path, error);
  }
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  // Others could connect before the mode is set only if the umask let them write, which no umask in use does.
  server.listen({ path, readableAll: false, writableAll: false });
  await once(server, 'listening');
  await chmod(path, 0o600);
}

/** A socket that an agent left behind when it was killed; one that answers belongs to an agent that runs. */
async function clearStale({ dataDir, clock }: ControlServerOptions, path: string): Promise<void> {
  try {
    await askAgent({ dataDir, request: 'ping', clock, timeoutMs: 1_000 });
  } catch (error) {
    if (error instanceof AgentError && error.code === 'agent-not-running') return rm(path, { force: true });
    if (systemCode(error) !== undefined) throw error;
  }
  throw new Error('Another agent answers on it');
}

async function converse(socket: Socket, options: ControlServerOptions): Promise<void> {
  socket.setEncoding('utf8').on('error', () => undefined);
  try {
    for await (const line of linesOf(socket, maxRequestChars)) {
      socket.write(`${JSON.stringify(await answer(line, options))}\n`);
    }
  } catch {
    // The one who asked is gone.
  } finally {
    socket.destroy();
  }
}

async function answer(line: string, { requests, onUnexpectedError }: ControlServerOptions): Promise<Answer> {
  const asked = parseRequest(line);
  if (!asked) return refusal('control-failed', 'The request was not understood.');
  if (asked.request === 'ping') return { ok: true, answer: null };
  const handler = Object.hasOwn(requests, asked.request) ? requests[asked.request] : undefined;
  if (!handler) {
    return refusal(
      'control-failed',
      `The running agent does not know "${asked.request}": it is of another version than this command.`,
    );
  }
  try {
    return { ok: true, answer: (await handler(asked.params)) ?? null };
  } catch (thrown) {
    const error = asAgentError(thrown);
    if (error.kind === 'bug') onUnexpectedError(thrown, asked.request);
    return refusal(error.code, error.message);
  }
}

function parseRequest(line: string) {
  try {
    return requestSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function refusal(code: string, message: string): Answer {
  return { ok: false, error: { code, message } };
}

function openError(path: string, cause: unknown): AgentError {
  const tooLong = systemCode(cause) === 'EINVAL' || systemCode(cause) === 'ENAMETOOLONG';
  const advice = tooLong
    ? 'its path is too long, so choose a shorter dataDir'
    : 'see whether another agent uses the same dataDir, and who may write there';
  return new AgentError({
    code: 'control-failed',
    kind: 'unavailable',
    retry: 'never',
    message: `The agent cannot be asked by commands such as "kvs-edge status": ${path} could not be opened; ${advice}. Everything else works.`,
    cause,
  });
}

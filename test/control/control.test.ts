// The control socket over real sockets: who may ask, what comes back, what goes wrong.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { type AskOptions, askAgent } from '../../agent/control/control-client.ts';
import { type ControlRequests, serveControl } from '../../agent/control/control-server.ts';
import { maxRequestChars } from '../../agent/control/wire.ts';
import { AgentError } from '../../agent/errors.ts';

let dataDir: string;
const unexpected: unknown[] = [];

beforeEach(async () => {
  unexpected.length = 0;
  dataDir = await mkdtemp(join(tmpdir(), 'control-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

function serve(requests: ControlRequests) {
  return serveControl({ dataDir, requests, clock: systemClock, onUnexpectedError: error => unexpected.push(error) });
}

function ask(options: Omit<AskOptions, 'clock'>): Promise<unknown> {
  return askAgent({ ...options, clock: systemClock });
}

function code(asking: Promise<unknown>): Promise<string> {
  return asking.then(
    () => 'answered',
    error => (error instanceof AgentError ? error.code : `not an AgentError: ${error}`),
  );
}

test('a request reaches its handler with its parameters, and the answer comes back', async () => {
  await using _control = await serve({ double: params => ({ twice: [params, params] }) });
  expect(await ask({ dataDir, request: 'double', params: { a: 1 } })).toEqual({ twice: [{ a: 1 }, { a: 1 }] });
});

test('the socket is for its owner alone', async () => {
  await using _control = await serve({});
  expect((await stat(join(dataDir, 'control.sock'))).mode & 0o777).toBe(0o600);
});

test('without an agent the answer is that it is not running', async () => {
  expect(await code(ask({ dataDir, request: 'status' }))).toBe('agent-not-running');
  expect(await code(ask({ dataDir: join(dataDir, 'absent'), request: 'status' }))).toBe('agent-not-running');
});

test('a socket left behind by a kill is replaced; before that the agent counts as not running', async () => {
  const path = join(dataDir, 'control.sock');
  await writeFile(path, '');
  expect(await code(ask({ dataDir, request: 'status' }))).toBe('agent-not-running');
  await using _control = await serve({ status: () => 'well' });
  expect(await ask({ dataDir, request: 'status' })).toBe('well');
});

test('a second agent does not take the socket of the first', async () => {
  await using _control = await serve({ who: () => 'first' });
  expect(await code(serve({ who: () => 'second' }))).toBe('control-failed');
  expect(await ask({ dataDir, request: 'who' })).toBe('first');
});

test('after its end nobody is asked any more, and the next agent starts', async () => {
  await (await serve({}))[Symbol.asyncDispose]();
  expect(await code(ask({ dataDir, request: 'status' }))).toBe('agent-not-running');
  await using _next = await serve({ status: () => 'next' });
  expect(await ask({ dataDir, request: 'status' })).toBe('next');
});

test('a handler’s AgentError reaches the one who asked with its code and sentence', async () => {
  const error = new AgentError({ code: 'disk-full', kind: 'exhausted', retry: 'later', message: 'The disk is full.' });
  await using _control = await serve({ fail: () => Promise.reject(error) });
  await expect(ask({ dataDir, request: 'fail' })).rejects.toMatchObject({
    code: 'disk-full',
    message: 'The disk is full.',
  });
  expect(unexpected).toEqual([]);
});

test('a handler’s bug is told to the agent’s log and ends nothing', async () => {
  await using _control = await serve({
    broken: () => {
      throw new TypeError('no such thing');
    },
    fine: () => 1,
  });
  expect(await code(ask({ dataDir, request: 'broken' }))).toBe('bug');
  expect(unexpected).toHaveLength(1);
  expect(await ask({ dataDir, request: 'fine' })).toBe(1);
});

test('a request the agent does not know is refused by name', async () => {
  await using _control = await serve({});
  await expect(ask({ dataDir, request: 'spool.list' })).rejects.toThrow('"spool.list"');
  expect(await code(ask({ dataDir, request: 'constructor' }))).toBe('control-failed');
});

test('rubbish, and lines without an end, are refused without harm', async () => {
  await using _control = await serve({ fine: () => 1 });
  expect(await exchange('GET / HTTP/1.1\n')).toContain('"ok":false');
  expect(await exchange('{"request":7}\n')).toContain('"ok":false');
  expect(await exchange('x'.repeat(maxRequestChars + 1))).toBe('');
  expect(await ask({ dataDir, request: 'fine' })).toBe(1);
});

/** What the socket answers to a text until it closes, or to one line. */
function exchange(text: string): Promise<string> {
  return new Promise(resolve => {
    const socket = createConnection(join(dataDir, 'control.sock'), () => socket.write(text));
    socket.setEncoding('utf8').on('error', () => resolve(''));
    socket.on('data', (line: string) => {
      resolve(line);
      socket.destroy();
    });
    socket.on('close', () => resolve(''));
  });
}

test('an agent that never answers, or nonsense, is a typed error within the timeout', async () => {
  const path = join(dataDir, 'control.sock');
  for (const answer of ['', 'nonsense\n', '{"ok":true']) {
    const server = createServer(socket =>
      socket
        .on('error', () => undefined)
        .resume()
        .write(answer || '\r'),
    );
    await new Promise<void>(resolve => server.listen(path, resolve));
    expect(await code(ask({ dataDir, request: 'status', timeoutMs: 100 })), answer).toBe('control-failed');
    await new Promise(resolve => server.close(resolve));
  }
});

test('a data folder whose path is too long for a socket is said to be that', async () => {
  dataDir = join(dataDir, 'd'.repeat(120));
  await expect(serve({})).rejects.toMatchObject({
    code: 'control-failed',
    message: expect.stringContaining('too long'),
  });
});

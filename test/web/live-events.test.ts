// The event stream: a snapshot first, then what changes, for viewers that come, go, sleep and read slowly.
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LiveEvent } from '../../shared/api.ts';
import { alert, ask, atMs, open, serveConsole, sighting, signIn } from './served-console.ts';

let site: Awaited<ReturnType<typeof serveConsole>>;
let cookie: string;
beforeAll(async () => {
  site = await serveConsole();
  cookie = await signIn(site.url, site.password);
});
afterAll(() => site[Symbol.asyncDispose]());

/** Reads an event stream as a browser does. */
class EventReader implements AsyncDisposable {
  readonly response: IncomingMessage;
  readonly #blocks: AsyncIterator<string>;

  constructor(response: IncomingMessage) {
    this.response = response;
    this.#blocks = blocksOf(response);
  }

  static async open(base: string, session: string): Promise<EventReader> {
    return new EventReader(await open(base, '/api/events', { cookie: session }));
  }

  /** The next block of lines that is an event. */
  async next(): Promise<{ id: number; event: LiveEvent }> {
    for (;;) {
      const block = await this.block();
      const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
      if (data !== undefined) return { id: Number(id), event: JSON.parse(data) };
    }
  }

  async block(): Promise<string> {
    const { value, done } = await this.#blocks.next();
    if (done) throw new Error('The event stream has ended');
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.response.destroy();
  }
}

async function* blocksOf(response: IncomingMessage): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    yield* blocks;
  }
}

test('a viewer first gets the cameras as they are, then one update for many changes', async () => {
  await using viewer = await EventReader.open(site.url, cookie);
  expect(viewer.response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  const first = await viewer.next();
  expect(first.event).toMatchObject({ type: 'cameras', answer: { cameras: [{ id: 'yard', state: 'starting' }] } });

  for (let i = 0; i < 50; i++) site.facts.publish({ type: 'camera.state', cameraId: 'yard', state: 'live' });
  await site.clock.advance(500);
  site.facts.publish({ type: 'sighting.seen', sighting });
  const second = await viewer.next();
  expect(second.event).toMatchObject({ type: 'cameras', answer: { cameras: [{ id: 'yard', state: 'live' }] } });
  const third = await viewer.next();
  expect(third.event).toEqual({ type: 'sighting', sighting });
  expect([second.id - first.id, third.id - second.id]).toEqual([1, 1]);
});

test('alerts are told when they are raised and again when they are delivered', async () => {
  await using viewer = await EventReader.open(site.url, cookie);
  await viewer.next();
  const raised = { ...alert, deliveries: [] };
  site.facts.publish({ type: 'alert.raised', alert: raised });
  site.facts.publish({ type: 'alert.delivery', alertId: alert.id, destination: 'example.com', state: 'delivered' });
  site.facts.publish({ type: 'alert.delivery', alertId: 'forgotten', destination: 'example.com', state: 'dead' });
  expect((await viewer.next()).event).toEqual({ type: 'alert', alert: raised });
  expect((await viewer.next()).event).toEqual({ type: 'alert', alert });
});

test('silence is broken every 15 seconds by the cameras as they are, with the agent’s time', async () => {
  await using quiet = await serveConsole();
  await using viewer = await EventReader.open(quiet.url, await signIn(quiet.url, quiet.password));
  await viewer.next();
  for (const seconds of [15, 30]) {
    await quiet.clock.advance(15_000);
    expect((await viewer.next()).event).toMatchObject({ type: 'cameras', answer: { nowMs: atMs + seconds * 1000 } });
  }
});

test('nothing more is told once the session has ended, and the stream ends', async () => {
  const own = await signIn(site.url, site.password);
  await using viewer = await EventReader.open(site.url, own);
  await viewer.next();
  await ask(site.url, '/api/session', { method: 'DELETE', cookie: own });
  site.facts.publish({ type: 'sighting.seen', sighting });
  await expect(viewer.next()).rejects.toThrow();
});

test('when there are too many viewers the oldest has to come again', async () => {
  await using oldest = await EventReader.open(site.url, cookie);
  await oldest.next();
  const others = await Promise.all(Array.from({ length: 32 }, () => EventReader.open(site.url, cookie)));
  await expect(oldest.next()).rejects.toThrow();
  for (const viewer of others) expect((await viewer.next()).event.type).toBe('cameras');
  for (const viewer of others) viewer.response.destroy();
});

test('a viewer that does not read is dropped and costs the others nothing', async () => {
  await using slow = await EventReader.open(site.url, cookie);
  slow.response.pause();
  await using quick = await EventReader.open(site.url, cookie);
  await quick.next();
  const large = { ...sighting, label: 'x'.repeat(100_000) };
  let received = 0;
  for (let i = 0; i < 200; i++) {
    site.facts.publish({ type: 'sighting.seen', sighting: large });
    await quick.next();
    received++;
  }
  expect(received).toBe(200);
  await expect(
    (async () => {
      for (let blocks = 0; blocks < 210; blocks++) await slow.next();
    })(),
  ).rejects.toThrow();
});

test('stopping the server ends open streams', async () => {
  const other = await serveConsole();
  const viewer = await EventReader.open(other.url, await signIn(other.url, other.password));
  await viewer.next();
  await other[Symbol.asyncDispose]();
  await expect(viewer.next()).rejects.toThrow();
});

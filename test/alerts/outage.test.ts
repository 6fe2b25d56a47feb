// Receivers that are down for ten minutes, slow, troubled, that reset connections and are gone for good: each alert arrives,
// none twice at a receiver that honours its key, in order. Time is simulated, the sockets are real.
import { expect, onTestFinished, test } from 'vitest';
import { runDeliveries } from '../../agent/alerts/deliver.ts';
import type { Sink } from '../../agent/alerts/sink.ts';
import { webhookDestination, webhookSink } from '../../agent/alerts/sinks/webhook.ts';
import { systemClock } from '../../agent/clock.ts';
import { Secret } from '../../agent/secret.ts';
import { HonouringReceiver, type Mood, outOfOrder } from './honouring-receiver.ts';
import { factsOf, firing, frameMs, scene } from './scene.ts';

const minuteMs = 60_000;
const moods: readonly Mood[] = [
  'troubled',
  'lost',
  'slow',
  'reset',
  'well',
  'slow',
  'lost',
  'well',
  'troubled',
  'well',
];

function sinkTo(receiver: HonouringReceiver): Sink & { busy: () => boolean } {
  const [url, secret] = [receiver.url, new Secret('correct horse')];
  const context = { streamOf: () => 'front-door' };
  const destination = webhookDestination(url);
  // Patient: a receiver is late only on purpose.
  const patience = { clock: systemClock, timeoutMs: 60_000 };
  const webhook = webhookSink({ ...{ url, secret, destination, context, allow: ['127.0.0.1'] }, ...patience });
  let busy = 0;
  return {
    destination,
    busy: () => busy > 0,
    deliver(alert, signal, heard) {
      busy++;
      return webhook.deliver(alert, signal, heard).finally(() => busy--);
    },
  };
}

async function receiver(mood: (request: number) => Mood): Promise<HonouringReceiver> {
  const made = new HonouringReceiver(mood);
  await made.up();
  onTestFinished(() => made[Symbol.asyncDispose]());
  return made;
}

test('ten minutes down, then slow, 500s and resets: nothing lost, nothing twice, in order', async () => {
  const { outbox, clock, facts, stop, published } = scene();
  const troubled = await receiver(request => moods[request % moods.length] ?? 'well');
  const well = await receiver(() => 'well');
  const gone = await receiver(() => 'gone');
  const sinks = [troubled, well, gone].map(sinkTo);
  const destinations = sinks.map(({ destination }) => destination);
  const busy = () => sinks.some(sink => sink.busy());
  await troubled.down();
  const done = runDeliveries({ outbox, sinks, clock, random: Math.random, facts, signal: stop.signal });

  const raised: string[] = [];
  const startMs = clock.monotonicMs();
  const pass = async (untilMs: number) => {
    while (clock.monotonicMs() - startMs < untilMs) {
      raised.push(outbox.raise(firing({ atMs: frameMs + clock.monotonicMs() }), destinations).id);
      const nextMs = clock.monotonicMs() + 15_000;
      await clock.advanceUntil(() => !busy(), busy);
      await clock.advance(nextMs - clock.monotonicMs());
    }
  };
  await pass(10 * minuteMs);
  expect(troubled.figures.requests).toBe(0);
  await troubled.up();
  await pass(20 * minuteMs);
  await clock.advanceUntil(() => outbox.waiting(destinations[0] ?? '', 1).length === 0, busy);
  stop.abort();
  await done;

  const of = (destination: string | undefined) =>
    factsOf(published, 'alert.delivery').filter(fact => fact.destination === destination);
  expect(troubled.figures.taken).toEqual(raised);
  expect(well.figures.taken).toEqual(raised);
  expect(troubled.figures.suppressed).toBeGreaterThan(0);
  expect(troubled.figures.changed).toBe(0);
  expect(well.figures.requests).toBe(raised.length);
  // Each alert is refused once, and for good.
  expect(gone.figures.requests).toBe(raised.length);
  expect(of(destinations[2]).map(({ state }) => state)).toEqual(raised.map(() => 'dead'));

  const attempts = of(destinations[0]).length;
  const { requests, taken, suppressed } = troubled.figures;
  console.info(
    `${raised.length} alerts in 20 minutes, the first 10 with the receiver down: ${attempts} attempts, ${requests} requests, ` +
      `${taken.length} taken, ${suppressed} duplicates suppressed, ${outOfOrder(raised, taken)} out of order`,
  );
  // Nobody is stormed: while it is down, about one attempt a minute.
  expect(attempts - requests).toBeLessThan(20);
});

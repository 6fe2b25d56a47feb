// A process that writes fragments as fast as it can, has each third one confirmed, and names each that counts; the test
// kills it.
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { madeFragment } from './parts.ts';

const facts = new Facts(error => {
  throw error;
});
const spool = await Spool.open({ dir: process.argv[2] ?? '', maxBytes: 1e9, clock: systemClock, facts });
facts.subscribe(({ type, ...fact }) => {
  if (type !== 'fragment.spooled' || !('fragmentId' in fact)) return;
  if (fact.fragmentId % 3 === 0) spool.markPersisted(fact.fragmentId, '1');
  process.stdout.write(`${fact.startMs}\n`);
});
await spool.write('cam', endless(spool.newest('cam')?.endMs ?? 1_000_000));

async function* endless(firstMs: number): AsyncGenerator<FragmentPart> {
  for (let startMs = firstMs; ; startMs += 200) {
    yield* madeFragment({ startMs, frameBytes: 100_000, nextStartMs: startMs + 200 });
  }
}

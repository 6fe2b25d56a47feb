// A process that writes fragments as fast as it can and names each that counts; the test kills it.
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { madeFragment } from './parts.ts';

const facts = new Facts(error => {
  throw error;
});
facts.subscribe(fact => {
  if (fact.type === 'fragment.spooled') process.stdout.write(`${fact.startMs}\n`);
});
const spool = await Spool.open({ dir: process.argv[2] ?? '', maxBytes: 1e9, clock: systemClock, facts });
await spool.write('cam', endless());

async function* endless(): AsyncGenerator<FragmentPart> {
  for (let startMs = 1_000_000; ; startMs += 200) {
    yield* madeFragment({ startMs, frameBytes: 100_000, nextStartMs: startMs + 200 });
  }
}

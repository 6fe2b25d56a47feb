// A store that is always full, in a process of its own, to be killed. Tells its parent of each fragment that is stored.
import { systemClock } from '../../agent/clock.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { addFragment, makeStream } from './stage-store.ts';

const [dataDir = '', maxBytes] = process.argv.slice(2);
const random = Math.random;
const onProblem = (error: Error) => process.stderr.write(`${error.message}\n`);
const store = await Store.open({ dataDir, clock: systemClock, random, onProblem, maxBytes: Number(maxBytes) });
const streams = ['a', 'b', 'c', 'd'];
process.once('disconnect', () => process.exit());
await Promise.all(
  streams.map(async stream => {
    if (!store.findStream(stream)) await makeStream(store, stream, { retentionHours: 24, createdMs: 1 });
    for (;;) {
      const { number, serverMs } = await addFragment(store, { stream, padBytes: Math.floor(random() * 20_000) });
      process.send?.({ number, serverMs });
    }
  }),
);

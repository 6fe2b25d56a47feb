// All producers of a soak in a process of their own, which is not counted in the server's figures:
// node producers.ts URL RECORDING STREAMS FRAGMENTS. Says when it begins, and tells at the end what was sent.
import { setTimeout as delay } from 'node:timers/promises';
import { readFootageLoop } from './footage-loop.ts';
import { produceLive } from './live-producer.ts';
import { report } from './report.ts';

const [url = '', recording = '', streams = '', fragments = ''] = process.argv.slice(2);
await report(async () => {
  const loop = await readFootageLoop(recording);
  process.stdout.write('producing\n');
  const names = streams.split(',');
  return await Promise.all(
    names.map(async (stream, index) => {
      // Cameras do not have their key frames at the same moment.
      await delay((index * loop.fragmentMs) / names.length);
      return await produceLive({ url, stream, loop, fragments: Number(fragments) });
    }),
  );
});

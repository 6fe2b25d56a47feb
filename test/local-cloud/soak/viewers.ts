// All viewers of a soak in a process of their own, which is not counted in the server's figures:
// node viewers.ts URL RECORDING STREAMS SECONDS. Says when it begins, and tells at the end what was seen.
import { digestsOf, readFootageLoop } from './footage-loop.ts';
import { report } from './report.ts';
import { Viewer } from './viewer.ts';

const [url = '', recording = '', streams = '', seconds = ''] = process.argv.slice(2);
await report(async () => {
  const digests = digestsOf(await readFootageLoop(recording));
  process.stdout.write('watching\n');
  const watched = streams.split(',').map(stream => ({ url, stream, digests, seconds: Number(seconds) }));
  return await Promise.all(watched.map(options => Viewer.watch(options)));
});

// All viewers of a soak in a process of their own, which is not counted in the server's figures:
// node viewers.ts URL RECORDING STREAMS SECONDS. Tells at the end what was seen, as one line.
import { digestsOf, readFootageLoop } from './footage-loop.ts';
import { percentOfCore } from './own-cost.ts';
import { Viewer } from './viewer.ts';

const [url = '', recording = '', streams = '', seconds = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
const digests = digestsOf(await readFootageLoop(recording));
process.stdout.write('watching\n');
const reports = await Promise.all(
  streams.split(',').map(stream => Viewer.watch({ url, stream, digests, seconds: Number(seconds) })),
);
process.stdout.write(`${JSON.stringify({ reports, percentOfCore: percentOfCore() })}\n`);
process.disconnect();

// The embedded server in a process of its own, to be killed. Tells its parent where it listens, or why it does not.
//   node ingest-child.ts FOLDER EPOCH_MS SPEED
import { startLocalCloud } from '../../agent/local-cloud/main.ts';
import { Secret } from '../../agent/secret.ts';
import { keys } from './control-cloud.ts';
import { fastClock } from './fast-clock.ts';

const [dataDir = '', epochMs = '', speed = ''] = process.argv.slice(2);
try {
  const cloud = await startLocalCloud({
    port: 0,
    dataDir,
    // What was promised must stay, however full the disk is.
    minFreeBytes: 0,
    accessKeyId: keys.accessKeyId,
    secretAccessKey: new Secret(keys.secretAccessKey),
    clock: fastClock(Number(epochMs), Number(speed)),
    onProblem: problem => process.send?.({ problem: problem.message }),
  });
  process.send?.({ url: cloud.url });
} catch (error) {
  process.send?.({ refused: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  process.disconnect();
}
process.once('disconnect', () => process.exit());

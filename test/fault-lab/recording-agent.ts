// Camera, spool and uploader in a process of their own, to be killed. Tells its parent of each fragment that counts: the
// numbers of its pictures, one line a fragment.
import { Ledger } from './ledger.ts';
import { LoneAgent } from './pipeline.ts';
import { cameraId } from './site.ts';

const [dir = '', endpoint = '', firstOrdinal = '0'] = process.argv.slice(2);
const ledger = new Ledger();
const pipeline = await LoneAgent.start({
  ...{ dir, endpoint, cameraId, ledger },
  camera: { firstOrdinal: Number(firstOrdinal) },
  onFact: fact => {
    if (fact.type !== 'fragment.spooled') return;
    const ordinals = ledger.between(fact.startMs, fact.endMs);
    process.stdout.write(`${JSON.stringify(ordinals)}\n`);
  },
});
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => void pipeline[Symbol.asyncDispose]().then(() => process.exit()));

// A push within this process, whose progress a test can act on. Run as a program, it kills itself with SIGKILL after a
// number of fragments: node pushing.ts FILE STREAM START_MS ENDPOINT FRAGMENTS
import { KinesisVideo } from '../../agent/aws/kinesis-video.ts';
import { systemClock } from '../../agent/clock.ts';
import type { AgentError } from '../../agent/errors.ts';
import { probeFile } from '../../agent/push/probe-file.ts';
import { type PushProgress, pushFile } from '../../agent/push/push-file.ts';

export type Pushing = {
  path: string;
  stream: string;
  startMs: number;
  endpoint: string;
  onProgress?: (progress: PushProgress) => void;
  onTrouble?: (error: AgentError) => void;
};

export async function push({ path, stream, startMs, endpoint, onProgress, onTrouble }: Pushing): Promise<PushProgress> {
  const credentials = async () => ({ accessKeyId: 'local', secretAccessKey: 'local-secret' });
  using service = new KinesisVideo({ region: 'us-west-2', endpoint, credentials }, systemClock);
  return await pushFile({
    file: await probeFile(path),
    startMs,
    stream,
    retentionHours: 24,
    service,
    clock: systemClock,
    random: Math.random,
    // Nobody is left to stop one that is a program and hangs.
    signal: AbortSignal.timeout(300_000),
    onProgress: onProgress ?? (() => undefined),
    onTrouble: onTrouble ?? (() => undefined),
  });
}

if (import.meta.main) {
  const [path = '', stream = '', startMs = '', endpoint = '', fragments = ''] = process.argv.slice(2);
  const onProgress = ({ sentFragments }: PushProgress) => {
    if (sentFragments >= Number(fragments)) process.kill(process.pid, 'SIGKILL');
  };
  await push({ path, stream, startMs: Number(startMs), endpoint, onProgress });
}

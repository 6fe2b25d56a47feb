// The whole agent on a machine whose clock is in 1970 and whose service comes late.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KinesisVideo } from '../../agent/aws/kinesis-video.ts';
import { systemClock } from '../../agent/clock.ts';
import { startLocalCloud } from '../../agent/local-cloud/main.ts';
import { Secret } from '../../agent/secret.ts';
import type { CamerasAnswer } from '../../shared/api.ts';
import { RunningAgent } from '../agent/running-agent.ts';
import { ownAddress } from '../discovery/own-addresses.ts';
import { startCamera } from '../pretend-camera/running-camera.ts';

const preload = join(import.meta.dirname, 'machine-in-1970.ts');

test('an agent that starts in 1970 without its service sends everything later, at the time it was recorded', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'kvs-edge-1970-'));
  const identity = { accessKeyId: 'local', secretAccessKey: new Secret('local-secret') };
  // At an address where nobody else takes its port while it is away.
  const serve = (port: number) => startLocalCloud({ port, host: ownAddress(1), dataDir, ...identity });
  const { port, url: endpoint, close } = await serve(0);
  await close();
  const camera = await startCamera();
  const startedMs = Date.now();
  const settings = { aws: { endpoint }, cameras: [{ id: 'front', url: camera.url }] };
  const agent = await RunningAgent.start(settings, { NODE_OPTIONS: `--import=${preload}`, TZ: 'UTC' });
  const runsMs = Date.now();
  const site = async (): Promise<CamerasAnswer> => JSON.parse(await agent.text('/api/cameras'));
  try {
    const waiting = async () => (await agent.camera('front')).upload.waitingFragments;
    await expect.poll(waiting, { timeout: 60_000 }).toBeGreaterThan(3);
    expect((await site()).clock).toEqual({ trusted: false });
    const cloud = await serve(port);
    try {
      await expect
        .poll(async () => (await site()).clock, { timeout: 60_000 })
        .toMatchObject({ trusted: true, source: 'service' });
      await expect.poll(waiting, { timeout: 60_000 }).toBeLessThan(2);
      const { clock, credentials } = await site();
      // Its clock began at zero when its process did.
      expect(clock?.offsetMs).toBeGreaterThan(startedMs - 5_000);
      expect(clock?.offsetMs).toBeLessThan(runsMs + 5_000);
      expect(credentials).toEqual({ source: 'environment' });
      const signIn = async () => ({ accessKeyId: 'local', secretAccessKey: 'local-secret' });
      using service = new KinesisVideo({ region: 'us-west-2', endpoint, credentials: signIn }, systemClock);
      const range = { fromMs: 1, toMs: Date.now() + 3_600_000, signal: AbortSignal.timeout(60_000) };
      const stored = await service.listFragments({ stream: 'front', ...range });
      const starts = stored.map(fragment => fragment.startMs).sort((a, b) => a - b);
      expect(starts.length).toBeGreaterThan(3);
      expect(starts.filter(startMs => startMs < startedMs - 5_000 || startMs > Date.now() + 5_000)).toEqual([]);
    } finally {
      await cloud.close();
    }
  } finally {
    await agent[Symbol.asyncDispose]();
    await camera.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 240_000);

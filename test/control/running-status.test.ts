// `kvs-edge status` against a running agent with one camera that is well, one that is not there, and no service to upload
// to.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentStatusSchema } from '../../shared/agent-status.ts';
import { RunningAgent, runCli } from '../agent/running-agent.ts';
import { startCamera } from '../pretend-camera/running-camera.ts';

function status(dir: string, ...args: string[]) {
  return runCli(['status', '--config', join(dir, 'kvs-edge.yaml'), ...args]);
}

async function readStatus(dir: string) {
  const { code, output } = await status(dir, '--json');
  return { code, ...agentStatusSchema.parse(JSON.parse(output)) };
}

test('status says of each camera how it is and where its last day is, and exits with 3 when one needs attention', async () => {
  await using camera = await startCamera();
  await using agent = await RunningAgent.start({
    cameras: [
      { id: 'here', url: camera.url },
      { id: 'gone', url: 'rtsp://127.0.0.1:1/stream' },
    ],
    aws: { endpoint: 'http://127.0.0.1:1' },
  });
  const onDiskMs = async () => (await readStatus(agent.dir)).cameras[0]?.coverage.totalsMs.disk ?? 0;
  await expect.poll(onDiskMs, { interval: 250 }).toBeGreaterThan(1_000);

  const { code, cameras } = await readStatus(agent.dir);
  expect(code).toBe(3);
  expect(cameras.map(({ id, state }) => [id, state])).toEqual([
    ['here', 'live'],
    ['gone', 'offline'],
  ]);
  expect(cameras[1]?.attention[0]).toContain('127.0.0.1');
  for (const { coverage } of cameras) {
    expect(Object.values(coverage.totalsMs).reduce((sum, ms) => sum + ms, 0)).toBe(24 * 3_600_000);
  }

  const inWords = await status(agent.dir);
  expect(inWords.code).toBe(3);
  expect(inWords.output).toMatch(/^CAMERA +STATE[\s\S]*^here +live[\s\S]*^gone +offline[\s\S]*^gone: .+127\.0\.0\.1/m);
});

test('without an agent status fails with a sentence, for settings that are good', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'status-'));
  try {
    await writeFile(join(dir, 'kvs-edge.yaml'), 'cameras: [{ id: door, url: rtsp://10.0.0.20/stream1 }]\n');
    const { code, output } = await status(dir);
    expect(code).toBe(1);
    expect(output).toMatch(/The agent is not running for these settings.*\[agent-not-running\]/);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

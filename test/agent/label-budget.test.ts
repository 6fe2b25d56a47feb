// A real agent with a model of its own: pictures are labelled on the device until the camera's budget of the day is spent, also
// when the agent is killed in between.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LabelPausesAnswer, SightingsAnswer } from '../../shared/api.ts';
import type { Budget } from '../../shared/budget.ts';
import type { SettingsInput } from '../../shared/settings.ts';
import { LabCloud } from '../fault-lab/lab-cloud.ts';
import { cellModel } from '../labels/onnx-model.ts';
import { modelSettings } from '../labels/own-model.ts';
import { type RunningCamera, startCamera } from '../pretend-camera/running-camera.ts';
import { RunningAgent, runCli } from './running-agent.ts';

let cloud: LabCloud;
let camera: RunningCamera;
beforeAll(async () => {
  [cloud, camera] = await Promise.all([LabCloud.start(), startCamera()]);
});
afterAll(async () => {
  await camera?.stop();
  await cloud?.[Symbol.asyncDispose]();
});

async function read<T>(agent: RunningAgent, path: string): Promise<T> {
  return JSON.parse(await agent.text(path));
}

/** Where it is about noon: the day of the test does not end while it runs. */
function zoneAtNoon(): string {
  const east = 12 - new Date().getUTCHours();
  // These names count to the west.
  return `Etc/GMT${east > 0 ? '-' : '+'}${Math.abs(east)}`;
}

const budgetOf = async (agent: RunningAgent) => (await read<Budget>(agent, '/api/budget')).cameras;
const paused = async (agent: RunningAgent) => (await agent.camera('yard')).labels.paused?.reason;

test('an own model labels what a camera sees until the day’s pictures are spent, across a kill, and again when there may be more', async () => {
  const { modelFile } = modelSettings({
    model: cellModel({ shape: 'score', side: 64, cell: 8, bright: 0.5, dark: 0.2 }),
  });
  const labels = {
    provider: 'onnx',
    model: 'bright',
    minConfidence: 1,
    everySeconds: 0.5,
    motionThreshold: 0,
  } as const;
  const settings: SettingsInput = {
    aws: { endpoint: cloud.url },
    timeZone: zoneAtNoon(),
    cameras: [{ id: 'yard', url: camera.url, labels: { ...labels, callsPerDay: 2 } }],
    rules: [
      {
        id: 'nearly-spent',
        when: { health: { budgetPercent: 80 } },
        // biome-ignore lint/suspicious/noThenProperty: the setting's name; the value is never awaited
        then: [{ webhook: { url: 'https://127.0.0.1:9/nobody', secret: { env: 'HOOK_SECRET' } } }],
      },
    ],
    models: [{ id: 'bright', onnx: { modelFile, output: 'score', width: 64, height: 64 } }],
  };
  await using agent = await RunningAgent.start(settings, { HOOK_SECRET: `whsec_${'A'.repeat(32)}` });
  await expect.poll(() => paused(agent)).toBe('budget');
  expect(await budgetOf(agent)).toEqual([{ id: 'yard', calls: 2, limit: 2, dollars: 0 }]);
  const labelsSeen = async () =>
    (await read<SightingsAnswer>(agent, '/api/sightings?limit=100')).sightings.map(({ label }) => label);
  await expect.poll(labelsSeen).toContain('Anomaly');

  await expect
    .poll(() => agent.text('/api/alerts?limit=10'))
    .toContain('Of the day’s calls for labels 100 % are spent.');

  const status = await runCli(['status', '--config', agent.file]);
  expect(status.output).toContain('labels today: 0 pictures sent · $ 0.00 · this month $ 0.00 · yard 2 of 2');
  expect(status.output).toContain('yard: Labels are paused until');
  expect(status.code).toBe(3);

  await agent.restart('SIGKILL');
  await expect.poll(() => paused(agent)).toBe('budget');
  expect(await budgetOf(agent)).toMatchObject([{ calls: 2 }]);
  const range = `fromMs=${Date.now() - 3_600_000}&toMs=${Date.now() + 1_000}`;
  const { pauses } = await read<LabelPausesAnswer>(agent, `/api/cameras/yard/label-pauses?${range}`);
  expect(pauses).toMatchObject([{ reason: 'budget', untilMs: expect.any(Number) }]);

  const more = await agent.ask('PATCH', '/api/cameras/yard', { labels: { ...labels, callsPerDay: 3 } });
  expect(more).toMatchObject({ status: 200, answer: { needRestart: [] } });
  await expect.poll(async () => (await budgetOf(agent))[0]?.calls).toBe(3);
});

// A camera's own motion events, from its ONVIF side to the console's API.
import { expect, test } from 'vitest';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { RunningAgent } from './running-agent.ts';

const canary = `p@ss:w/rd#%&+ü "'`;
const waiting = { interval: 200 };

test('motion comes and goes with the camera’s events, and what keeps them away is said', async () => {
  const options = ['--video', await shortClip(), '--gop', '1', '--user', 'admin', '--onvif', '0'];
  await using camera = await startCamera(options, canary);
  await using agent = await RunningAgent.start(
    {
      cameras: [
        {
          ...{ id: 'yard', url: camera.url, username: 'admin', password: { env: 'YARD_PASSWORD' } },
          onvif: { url: camera.onvifUrl ?? '' },
        },
        { id: 'door', url: camera.url, username: 'admin', password: { env: 'YARD_PASSWORD' } },
      ],
      aws: { endpoint: 'http://127.0.0.1:1' },
    },
    { YARD_PASSWORD: canary },
  );
  // The camera has motion for ten seconds, then none for ten.
  const motion = async () => (await agent.camera('yard')).motion?.active;
  await expect.poll(motion, waiting).toBe(true);
  await expect.poll(motion, waiting).toBe(false);
  expect((await agent.camera('door')).motion).toBeUndefined();
  expect((await agent.camera('yard')).eventsProblem).toBeUndefined();
  await camera.stop('SIGKILL');
  const problem = async () => (await agent.camera('yard')).eventsProblem;
  await expect.poll(problem, waiting).toMatchObject({ code: expect.stringMatching(/^camera-(unreachable|ended)$/) });
  expect((await agent.camera('yard')).motion).toBeUndefined();
  for (const trace of [canary, encodeURIComponent(canary), JSON.stringify(canary).slice(1, -1)]) {
    expect(agent.output).not.toContain(trace);
  }
});

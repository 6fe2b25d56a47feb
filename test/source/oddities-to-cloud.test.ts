// A few oddities the whole way: an agent as it is shipped, one camera each, and what the embedded server stores at the end.
import { expect, test } from 'vitest';
import { type Footage, makeFootage } from '../../scripts/scripted-camera/footage.ts';
import { ScriptedCamera, type ScriptedCameraOptions } from '../../scripts/scripted-camera/scripted-camera.ts';
import { makeSound } from '../../scripts/scripted-camera/sound.ts';
import { RunningAgent } from '../agent/running-agent.ts';
import { LabCloud } from '../fault-lab/lab-cloud.ts';
import { inRanges } from './oddities/oddity.ts';

const pictures = 120;
const waiting = { timeout: 200_000, interval: 200 };
const hourTicks = 3600 * 90_000;

type Row = { id: string; camera: string; does: (other: Footage) => Partial<ScriptedCameraOptions> };

const rows: Row[] = [
  { id: 'plain', camera: 'does nothing odd', does: () => ({}) },
  {
    id: 'no-time',
    camera: 'gives every picture the timestamp 0',
    does: () => ({ ticks: () => 0 }),
  },
  {
    id: 'jump',
    camera: 'lets timestamps jump back by an hour',
    does: () => ({ ticks: (usual, ordinal) => usual - (ordinal < 60 ? 0 : hourTicks) }),
  },
  {
    id: 'size',
    camera: 'changes its resolution in mid-stream',
    does: other => ({ moments: [{ atPicture: 60, act: camera => camera.show(other) }] }),
  },
  {
    id: 'restart',
    camera: 'restarts',
    does: () => ({ moments: [{ atPicture: 60, act: camera => void camera.reboot(2_000) }] }),
  },
  {
    id: 'noise',
    camera: 'puts rubbish between interleaved frames',
    does: () => ({ before: ordinal => (ordinal % 10 === 5 ? Buffer.alloc(300, 0xaa) : undefined) }),
  },
];

/** Of the stream, in the order of the fragments' arrival. */
async function storedOrdinals(cloud: LabCloud, stream: string): Promise<number[]> {
  return (await cloud.fragments(stream)).flat().map(({ ordinal }) => ordinal);
}

test('whatever six cameras do, every picture they sent is stored, once and in order', async () => {
  await using stack = new AsyncDisposableStack();
  const [footage, other, sound] = [await makeFootage(), await makeFootage({ size: '320x240' }), await makeSound('aac')];
  const stop = {
    atPicture: pictures,
    act(camera: ScriptedCamera) {
      camera.stopFilming();
      // The end of the connection ends the last fragment, which is then sent.
      camera.hangUp();
    },
  };
  const cameras: { id: string; url: string }[] = [];
  for (const { id, does } of rows) {
    const options = does(other);
    const moments = [...(options.moments ?? []), stop];
    const camera = stack.use(await ScriptedCamera.start({ footage, sound, ...options, moments }));
    cameras.push({ id, url: camera.url });
  }
  const cloud = stack.use(await LabCloud.start());
  const aws = { region: 'us-west-2', endpoint: cloud.url };
  stack.use(await RunningAgent.start({ siteName: 'Oddities', aws, cameras }));
  for (const { id, camera } of rows) {
    const count = async () => (await storedOrdinals(cloud, id)).length;
    await expect.poll(count, { ...waiting, message: camera }).toBeGreaterThanOrEqual(pictures);
    expect(inRanges(await storedOrdinals(cloud, id)), camera).toBe(`0–${pictures - 1}`);
  }
}, 240_000);

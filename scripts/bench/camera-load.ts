// The cameras of a bench, in a process of their own: node camera-load.ts --cameras N --megabits M
// Prints one JSON object with their addresses when they are ready, then each second how many clients watch, how many pictures
// went out in all, and how many a slow client made them leave out. A camera without a client sends nothing.
import { parseArgs } from 'node:util';
import { makeFootage } from '../scripted-camera/footage.ts';
import { ScriptedCamera } from '../scripted-camera/scripted-camera.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { cameras: { ...text, default: '1' }, megabits: { ...text, default: '4' } } });
const megabits = Number(values.megabits);
const footage = await makeFootage({ size: '1920x1080', seconds: 10, gop: 50, megabits });
const cameras: ScriptedCamera[] = [];
for (let index = 0; index < Number(values.cameras); index++) cameras.push(await ScriptedCamera.start({ footage }));

// Whoever started it is gone.
process.on('disconnect', () => process.exit());
process.stdout.write(`${JSON.stringify({ urls: cameras.map(({ url }) => url) })}\n`);
setInterval(() => {
  const sum = (count: (camera: ScriptedCamera) => number) =>
    cameras.reduce((total, camera) => total + count(camera), 0);
  const watched = { viewers: sum(camera => camera.viewers), sent: sum(camera => camera.sent.length) };
  process.stdout.write(`${JSON.stringify({ ...watched, dropped: sum(camera => camera.dropped) })}\n`);
}, 1000);

// Serves the built console with the scripted agent, to look at: `node test/console/serve.ts [footage.mp4]`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeScene } from './scene.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { diskOnlyCamera, liveCamera, offlineCamera, refusedCamera } from './story.ts';

const dir = await mkdtemp(join(tmpdir(), 'console-scene-'));
const scene = await makeScene(dir, process.argv[2]);
await rm(dir, { recursive: true });
const agent = new ScriptedAgent({
  dist: join(import.meta.dirname, '../../console/dist'),
  scene,
  password: 'open-sesame',
  cameras: now => [liveCamera(now), diskOnlyCamera(now), offlineCamera(now), refusedCamera(now)],
  busy: true,
});
console.log(`http://127.0.0.1:${await agent.listen()} — the password is open-sesame`);

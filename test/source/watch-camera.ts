// A process that follows a camera by ffmpeg until it is killed, for tests of what it leaves behind: node watch-camera.ts URL
// Prints one line for each item and each state.
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { openFfmpegRtspSource } from '../../agent/source/ffmpeg-rtsp-source.ts';

const [, , url = ''] = process.argv;
const facts = new Facts(console.error);
facts.subscribe(fact => console.log(JSON.stringify(fact)));
// ffmpeg alone notices a camera that hangs, after twice this time, when the agent is gone.
const timings = { ioTimeoutMs: 1_500, silenceMs: 40_000, firstByteMs: 50_000 };
const source = openFfmpegRtspSource({
  camera: { id: 'door', url, audio: 'aac' },
  clock: systemClock,
  facts,
  random: () => 0,
  timings,
});
for await (const item of source.items(new AbortController().signal)) console.log(item.type);

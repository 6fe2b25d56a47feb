// In a file of its own: fluent-ffmpeg remembers the path of ffmpeg for the whole process.
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { type Fact, Facts } from '../../agent/facts.ts';
import { openFfmpegRtspSource } from '../../agent/source/ffmpeg-rtsp-source.ts';

test('a machine without ffmpeg is told what to install', async () => {
  const facts = new Facts(error => {
    throw error;
  });
  const abort = new AbortController();
  const states: Fact[] = [];
  facts.subscribe(fact => {
    states.push(fact);
    if (states.length === 2) abort.abort();
  });
  const camera = { id: 'door', url: 'rtsp://127.0.0.1/stream1', audio: 'aac' } as const;
  const source = openFfmpegRtspSource({
    camera,
    clock: systemClock,
    facts,
    random: () => 0,
    ffmpegPath: '/no/such/ffmpeg',
  });
  for await (const item of source.items(abort.signal)) expect.unreachable(`came: ${item.type}`);
  expect(states[1]).toMatchObject({ state: 'refused', error: { code: 'ffmpeg-missing' } });
});

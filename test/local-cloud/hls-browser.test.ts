// Streams in hls.js in a real browser: a live one, fed in real time, and a recording in transport streams.
import { existsSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { aac, h264, makeMatroska } from '../matroska/ffmpeg-oracle.ts';
import { footageOf, ingest, record, type Stage, servePages, sessionUrl, startStage } from './hls-stage.ts';

const executablePath = '/usr/bin/chromium';
const browserArgs = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
];

const page = `<!doctype html><video muted></video><script src="/hls.js"></script><script>
  const video = document.querySelector('video');
  const hls = new Hls();
  window.state = { fatal: 0, errors: [] };
  hls.on(Hls.Events.ERROR, (_, { details, fatal }) => { state.errors.push(details); if (fatal) state.fatal++; });
  hls.loadSource(decodeURIComponent(location.hash.slice(1)));
  hls.attachMedia(video);
  video.play();
  window.look = () => ({ ...state, at: video.currentTime, playing: hls.playingDate?.getTime(), width: video.videoWidth,
    frames: video.getVideoPlaybackQuality().totalVideoFrames });
</script>`;

/** What the page says of its player. */
type Look = { fatal: number; errors: string[]; at: number; playing: number; width: number; frames: number };

/** One-second fragments, each arriving when its last frame has been filmed, until the signal. */
async function film(stage: Stage, streamName: string, startMs: number, signal: AbortSignal): Promise<void> {
  const { tracks, fragments } = footageOf(
    makeMatroska({ seconds: 20, video: h264, audio: [...aac, '-ar', '48000', '-shortest'] }),
  );
  for (const [index, frames] of fragments.entries()) {
    const dueMs = startMs + (index + 1) * 1000;
    await systemClock.sleep(Math.max(0, dueMs - systemClock.nowMs()), signal).catch(() => undefined);
    if (signal.aborted) return;
    await ingest(stage, streamName, { tracks, frames, byMs: startMs });
  }
}

function playerPages() {
  const hlsScript = readFileSync(new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url));
  return servePages({
    '/': { type: 'text/html', body: page },
    '/hls.js': { type: 'text/javascript', body: hlsScript },
  });
}

test.skipIf(!existsSync(executablePath))(
  'hls.js plays a live stream with sound for 12 s without an error, and knows when each frame was filmed',
  { timeout: 60_000 },
  async () => {
    await using stage = await startStage(systemClock);
    await stage.addStream('live');
    await using pages = await playerPages();
    const filming = new AbortController();
    const browser = await chromium.launch({ executablePath, args: browserArgs });
    try {
      // Three fragments are there when the viewer comes.
      const startMs = systemClock.nowMs() - 3000;
      const filmed = film(stage, 'live', startMs, filming.signal);
      await systemClock.sleep(500);
      const url = await sessionUrl(stage, {
        ...{ StreamName: 'live', DisplayFragmentTimestamp: 'ALWAYS' },
        HLSFragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP' },
      });
      const tab = await browser.newPage();
      await tab.goto(`${pages.url}/#${encodeURIComponent(url)}`);
      const look = () => tab.evaluate<Look>('look()');
      await expect.poll(async () => (await look()).at > 0 && (await look()).frames > 0, { timeout: 15_000 }).toBe(true);
      const first = await look();
      await systemClock.sleep(12_000);
      const last = await look();
      expect(last).toMatchObject({ fatal: 0, errors: [], width: 160 });
      expect(last.at - first.at).toBeGreaterThan(10);
      expect(last.frames - first.frames).toBeGreaterThan(200);
      // The playing frame was filmed that long after the first, wherever the player's own clock began.
      expect(Math.abs(last.playing - first.playing - (last.at - first.at) * 1000)).toBeLessThan(40);
      expect(last.playing).toBeGreaterThan(startMs);
      expect(systemClock.nowMs() - last.playing).toBeLessThan(8000);
      filming.abort(new Error('enough'));
      await filmed;
    } finally {
      filming.abort(new Error('over'));
      await browser.close();
    }
  },
);

test.skipIf(!existsSync(executablePath))(
  'hls.js plays a recording in transport streams to its end without an error',
  { timeout: 60_000 },
  async () => {
    await using stage = await startStage(systemClock);
    const footage = footageOf(makeMatroska({ seconds: 3, video: h264, audio: [...aac, '-ar', '48000'] }));
    const { selector } = await record(stage, 'recorded', footage);
    const url = await sessionUrl(stage, {
      ...{ StreamName: 'recorded', PlaybackMode: 'ON_DEMAND', ContainerFormat: 'MPEG_TS' },
      HLSFragmentSelector: selector,
    });
    await using pages = await playerPages();
    const browser = await chromium.launch({ executablePath, args: browserArgs });
    try {
      const tab = await browser.newPage();
      await tab.goto(`${pages.url}/#${encodeURIComponent(url)}`);
      const ended = () => tab.evaluate<boolean>('video.ended');
      await expect.poll(ended, { timeout: 20_000 }).toBe(true);
      expect(await tab.evaluate<Look>('look()')).toMatchObject({ fatal: 0, errors: [], width: 160 });
      const [buffered = 0, duration = 0] = await tab.evaluate<number[]>('[video.buffered.length, video.duration]');
      expect(buffered).toBe(1);
      expect(duration).toBeCloseTo(3, 1);
      expect((await tab.evaluate<Look>('look()')).frames).toBeGreaterThan(70);
    } finally {
      await browser.close();
    }
  },
);

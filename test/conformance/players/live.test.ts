// Live streams in a real browser: players that follow a producer as it uploads, and what they meet when it stops or their
// session ends.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { systemClock } from '../../../agent/clock.ts';
import { writeHeader } from '../../../agent/matroska/write.ts';
import { isChromiumMissing, launchChromium } from '../../console/chromium.ts';
import { type TestCloud, testCloud } from '../../local-cloud/control-cloud.ts';
import { call, ingest, type Stage, saveStream, sessionUrl, startStage } from '../../local-cloud/hls-stage.ts';
import { putMedia } from '../../local-cloud/ingest-producer.ts';
import { createStream } from '../../local-cloud/stored-media.ts';
import { SimulatedClock } from '../../simulated-clock.ts';
import { cell } from '../cell.ts';
import { clustersOf, encode, type Media } from './media.ts';
import { type BrowserPlayer, look, type Pages, play, servePlayerPage, until } from './player-page.ts';
import { archiveOf, operations } from './sessions.ts';

const skip = isChromiumMissing;
/** Of a quiet machine all that is watched, and more. */
const filmedSeconds = 60;
const filming = new AbortController();
const begun = Promise.withResolvers<void>();
let running: TestCloud;
let browser: Browser;
let pages: Pages;
let filmed: Promise<void>;
let media: Media;
let startMs = 0;

beforeAll(async () => {
  if (skip) return;
  [running, media, browser, pages] = await Promise.all([
    testCloud(),
    encode('H.264 + AAC', { seconds: filmedSeconds }),
    launchChromium(),
    servePlayerPage(),
  ]);
  await createStream(running.cloud.url, 'live');
  // Some fragments are there when the viewers come.
  startMs = systemClock.nowMs() - 4000;
  filmed = film();
  await Promise.race([begun.promise, filmed]);
});
afterAll(async () => {
  filming.abort(new Error('over'));
  await filmed;
  await browser?.close();
  await pages?.[Symbol.asyncDispose]();
  await running?.[Symbol.asyncDispose]();
});

/** One PutMedia session: each second's fragment is sent when its last frame has been filmed. From the start when it is over. */
async function film(): Promise<void> {
  const producer = await putMedia(running.cloud.url, { stream: 'live' });
  await producer.send(writeHeader(media.tracks));
  for (let index = 0; ; index++) {
    const dueMs = startMs + (index + 1) * 1000;
    await systemClock.sleep(Math.max(0, dueMs - systemClock.nowMs()), filming.signal).catch(() => undefined);
    if (filming.signal.aborted) break;
    const lap = Math.floor(index / filmedSeconds);
    const clusters = clustersOf(media, startMs + lap * filmedSeconds * 1000);
    await producer.send(clusters[index % filmedSeconds] ?? Buffer.of());
    if (index !== 3) continue;
    for (let stored = 0; stored < 3; stored++) await producer.until('PERSISTED');
    begun.resolve();
  }
  await producer.end();
}

const byProducer = { HLSFragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP' } } as const;
/** A list long enough for a player that a busy machine keeps waiting. */
const live = { PlaybackMode: 'LIVE', DisplayFragmentTimestamp: 'ALWAYS' } as const;
const hls = (more: object) =>
  archiveOf(running.cloud.url, startMs).hls('live', { ...live, MaxMediaPlaylistFragmentResults: 20, ...more });
const dash = (more: object) =>
  archiveOf(running.cloud.url, startMs).dash('live', { ...live, MaxManifestFragmentResults: 20, ...more });

const viewers: { player: BrowserPlayer; operation: string; what: string; url: () => Promise<string> }[] = [
  {
    ...{ player: 'hls.js', operation: operations.HLS, what: 'fragmented MP4 by producer time' },
    url: () => hls(byProducer),
  },
  {
    ...{
      player: 'hls.js',
      operation: operations.HLS,
      what: 'transport streams by server time, as KVS does by default',
    },
    url: () => hls({ ContainerFormat: 'MPEG_TS', HLSFragmentSelector: undefined }),
  },
  {
    ...{ player: 'Chromium', operation: operations.HLS, what: 'fragmented MP4 by server time, as KVS does by default' },
    url: () => hls({ HLSFragmentSelector: undefined }),
  },
  {
    player: 'shaka-player',
    operation: operations.HLS,
    what: 'fragmented MP4 by producer time',
    url: () => hls(byProducer),
  },
  {
    ...{ player: 'shaka-player', operation: operations.DASH, what: 'by server time, as KVS does by default' },
    url: () => dash({ DASHFragmentSelector: undefined }),
  },
];

describe.concurrent('while a producer uploads', () => {
  for (const { player, operation, what, url } of viewers)
    cell(
      { operation, client: player === 'Chromium' ? 'Chromium <video>' : player },
      `LIVE, ${what}: 6 s and the live edge with them`,
      async () => {
        const tab = await play(browser, pages, player, await url());
        await until(tab, 'look().at > 0 && look().frames > 0');
        const first = await look(tab);
        // What can be sought to has grown, and what is shown is new.
        await until(tab, `look().at > ${first.at + 6} && look().frames > ${first.frames + 140}`);
        if (player !== 'Chromium')
          await until(tab, `look().seekable.at(-1)?.[1] > ${(first.seekable.at(-1)?.[1] ?? 0) + 4}`);
        const last = await look(tab);
        expect(last.errors.filter(error => !/^mended buffer(Stalled|NudgeOnStall|SeekOverHole)/.test(error))).toEqual(
          [],
        );
        expect(last.widths).toEqual([320]);
        if (player === 'hls.js' && what.includes('producer'))
          expect(Math.abs(last.filmedMs - first.filmedMs - (last.at - first.at) * 1000)).toBeLessThan(500);
        await tab.close();
      },
      skip,
    );
});

describe('a session that is over', () => {
  const clock = new SimulatedClock();
  let stage: Stage;
  beforeAll(async () => {
    if (!skip) stage = await startStage(clock);
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  /** A live stream whose newest fragment has just come, and a player that has begun. */
  async function watch(player: BrowserPlayer, streamName: string): Promise<Page> {
    await saveStream(stage.store, clock, streamName);
    const nowMs = clock.nowMs() - 4000;
    for (const frames of media.fragments.slice(0, 4))
      await ingest(stage, streamName, { tracks: media.tracks, frames, byMs: nowMs });
    const tab = await play(browser, pages, player, await openSession(player, streamName));
    await until(tab, 'look().frames > 0');
    return tab;
  }

  async function openSession(player: BrowserPlayer, StreamName: string): Promise<string> {
    if (player !== 'shaka-player') return sessionUrl(stage, { StreamName, ...byProducer });
    const { body } = await call(stage, '/getDASHStreamingSessionURL', { StreamName });
    return (body as { DASHStreamingSessionURL?: string }).DASHStreamingSessionURL ?? '';
  }

  const refused: [BrowserPlayer, string, RegExp, RegExp][] = [
    ['hls.js', operations.HLS, /(level|audioTrack)LoadError 404/, /(level|audioTrack)LoadError 403/],
    ['shaka-player', operations.DASH, /1001 404/, /1001 403/],
  ];
  for (const [player, operation, gone, expired] of refused)
    cell(
      { operation, client: player },
      'LIVE: 404 when nothing has come for 30 s, 403 when the session has expired',
      async () => {
        const tab = await watch(player, player);
        await clock.advance(32_000);
        await until(tab, `look().errors.some(error => ${gone}.test(error))`);
        await tab.close();
        const later = await watch(player, `${player}-later`);
        await clock.advance(300_000);
        await until(later, `look().errors.some(error => ${expired}.test(error))`);
        await later.close();
      },
      skip,
    );
});

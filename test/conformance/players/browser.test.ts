// Recordings in a real browser, played to their end by hls.js, shaka-player and Chromium's own player.
import type { ContainerFormat, HLSDiscontinuityMode } from '@aws-sdk/client-kinesis-video-archived-media';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { isChromiumMissing, launchChromium } from '../../console/chromium.ts';
import { type TestCloud, testCloud } from '../../local-cloud/control-cloud.ts';
import { cell } from '../cell.ts';
import { encode, framesOf, type Media, type Recording, store } from './media.ts';
import { type BrowserPlayer, type Look, look, type Pages, play, servePlayerPage, until } from './player-page.ts';
import { type Archive, archiveOf, operations } from './sessions.ts';

const startMs = Date.now() - 120_000;
const recordings = new Map<string, Recording>();
let running: TestCloud;
let browser: Browser;
let pages: Pages;
let archive: Archive;

beforeAll(async () => {
  if (isChromiumMissing) return;
  const one = (media: Media): Recording => [{ media, fromMs: 0 }];
  const [cloud, withSound, larger, silent, hevc, hevcWithSound, sound, alaw] = await Promise.all([
    testCloud(),
    encode('H.264 + AAC', { seconds: 2 }),
    encode('H.264 + AAC', { seconds: 2, size: '640x360' }),
    encode('H.264', { seconds: 2 }),
    encode('H.265', { seconds: 1 }),
    encode('H.265 + AAC', { seconds: 1 }),
    encode('AAC alone', { seconds: 2 }),
    encode('H.264 + A-law', { seconds: 2 }),
  ]);
  running = cloud;
  recordings
    .set('with-sound', one(withSound))
    .set('silent', one(silent))
    .set('hevc', one(hevc))
    .set('sound', one(sound));
  recordings.set('hevc-with-sound', one(hevcWithSound)).set('alaw', one(alaw));
  recordings.set('gap', [...one(withSound), { media: withSound, fromMs: 6000 }]);
  recordings.set('resized', [...one(withSound), { media: larger, fromMs: 2000 }]);
  await Promise.all([...recordings].map(([name, recording]) => store(cloud.cloud.url, name, recording, startMs)));
  archive = archiveOf(cloud.cloud.url, startMs);
  const clips = ['with-sound', 'alaw', 'gap', 'hevc', 'hevc-with-sound'];
  const files = clips.map(
    async name => [`/${name}.mp4`, { type: 'video/mp4', body: await archive.clip(name) }] as const,
  );
  pages = await servePlayerPage(Object.fromEntries(await Promise.all(files)));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await pages?.[Symbol.asyncDispose]();
  await running?.[Symbol.asyncDispose]();
});

/** Until it has ended or failed for good. */
async function over(tab: Page): Promise<Look> {
  await until(tab, "look().ended || look().errors.some(error => !error.startsWith('mended'))");
  return look(tab);
}

async function playToEnd(player: BrowserPlayer, url: string): Promise<Look> {
  const tab = await play(browser, pages, player, url);
  const seen = await over(tab);
  await tab.close();
  return seen;
}

/** hls.js mentions a wait for media, which a busy machine has; nothing else. */
function expectPlayed(seen: Look, name: string, { lost = 0, more = 0, seconds = NaN } = {}): void {
  expect(seen.errors.filter(error => error !== 'mended bufferStalledError')).toEqual([]);
  expect(seen).toMatchObject({ ended: true, widths: widthsOf(name) });
  const sent = (recordings.get(name) ?? []).flatMap(({ media }) => framesOf(media, 'video')).length;
  expect(seen.frames).toBeGreaterThanOrEqual(sent - lost);
  expect(seen.frames).toBeLessThanOrEqual(sent + more);
  if (!Number.isNaN(seconds)) expect(Math.abs(seen.at - seconds)).toBeLessThan(0.1);
}

function widthsOf(name: string): number[] {
  if (name === 'sound') return [];
  return name === 'resized' ? [320, 640] : [320];
}

/**
 * Shaka shows pictures twice or not at all when it moves on, cuts at segments, and seeks a little when it is kept waiting.
 * That no fragment is missing, and none there twice, is what its count can say: each has 25 pictures.
 */
const lessThanAFragment = { lost: 24, more: 24 };

/** Each player's own way of counting. */
function counting(player: BrowserPlayer, container: ContainerFormat): { lost: number; more: number } {
  if (player === 'shaka-player') return lessThanAFragment;
  // Chromium's reader of transport streams keeps the last 7 pictures back, also of what ffmpeg wrote.
  return { lost: player === 'Chromium' && container === 'MPEG_TS' ? 8 : 0, more: 0 };
}

type Shown = { name: string; modes: readonly HLSDiscontinuityMode[]; seconds: number };

const shown: readonly Shown[] = [
  { name: 'with-sound', modes: ['NEVER'], seconds: 2 },
  { name: 'gap', modes: ['ON_DISCONTINUITY'], seconds: 4 },
  { name: 'resized', modes: ['NEVER', 'ALWAYS'], seconds: 4 },
  { name: 'sound', modes: ['NEVER'], seconds: 2 },
];
const skip = isChromiumMissing;
const players = ['hls.js', 'Chromium', 'shaka-player'] as const;

// All at once: playing is waiting.
describe.concurrent('a recording', () => {
  describe('HLS', () => {
    for (const { name, modes, seconds } of shown)
      for (const player of players)
        for (const ContainerFormat of ['FRAGMENTED_MP4', 'MPEG_TS'] as const) {
          if (ContainerFormat === 'MPEG_TS' && name === 'sound') continue;
          const DiscontinuityMode = modes.at(ContainerFormat === 'MPEG_TS' ? -1 : 0);
          const what = `${name}, ${ContainerFormat}, ${DiscontinuityMode}`;
          const client = player === 'Chromium' ? 'Chromium <video>' : player;
          const body = async () => {
            const url = await archive.hls(name, { ContainerFormat, DiscontinuityMode });
            const lengths = ContainerFormat === 'MPEG_TS' ? {} : { seconds };
            expectPlayed(await playToEnd(player, url), name, { ...counting(player, ContainerFormat), ...lengths });
          };
          cell({ operation: operations.HLS, client }, what, body, skip);
        }

    const noHevc = { 'hls.js': /^fatal manifestIncompatibleCodecsError/, Chromium: /^4/, 'shaka-player': /^4032/ };
    for (const player of players) {
      const client = player === 'Chromium' ? 'Chromium <video>' : player;
      const what = 'H.265 and AAC: refused by a browser without H.265, before anything is fetched';
      const body = async () => {
        const seen = await playToEnd(player, await archive.hls('hevc-with-sound'));
        expect(seen).toMatchObject({ errors: [expect.stringMatching(noHevc[player])], frames: 0, ended: false });
      };
      cell({ operation: operations.HLS, client }, what, body, skip);
    }
  });

  describe('DASH in shaka-player', () => {
    const shaka = { operation: operations.DASH, client: 'shaka-player' };
    for (const [name, seconds] of [
      ['with-sound', 2],
      ['silent', 2],
      ['gap', 4],
      ['sound', 2],
    ] as const)
      cell(
        shaka,
        name,
        async () => {
          const seen = await playToEnd('shaka-player', await archive.dash(name));
          expectPlayed(seen, name, { ...lessThanAFragment, seconds });
        },
        skip,
      );

    for (const name of ['hevc', 'hevc-with-sound', 'alaw'])
      cell(
        shaka,
        `${name}: read, and refused by a browser without its codec`,
        async () => {
          // 4032: "content unsupported by browser". What the manifest says was understood.
          const seen = await playToEnd('shaka-player', await archive.dash(name));
          expect(seen).toMatchObject({ errors: ['4032'], frames: 0 });
        },
        skip,
      );

    cell(
      shaka,
      'LIVE_REPLAY, gap: follows the list as it grows, and ends when all has been played',
      async () => {
        const seen = await playToEnd(
          'shaka-player',
          await archive.dash('gap', { PlaybackMode: 'LIVE_REPLAY', MaxManifestFragmentResults: 2 }),
        );
        expect(seen).toMatchObject({ errors: [], ended: true, widths: [320] });
        // As every live session of DASH it is at 10 s when it begins. Of what is listed then, two of the four seconds, the
        // player takes as little as it dares to.
        expect(Math.abs(seen.at - 14)).toBeLessThan(0.1);
        expect(seen.frames).toBeGreaterThanOrEqual(50);
        expect(seen.buffered).toHaveLength(1);
      },
      skip,
    );

    cell(
      shaka,
      'another picture size in the middle: played until there, then refused',
      async () => {
        const seen = await playToEnd('shaka-player', await archive.dash('resized'));
        expect(seen.errors[0]).toMatch(/^1001 400/);
        expect(seen.ended).toBe(false);
        expect(seen.widths).not.toContain(640);
      },
      skip,
    );
  });

  describe('GetClip as <video src>', () => {
    const chromium = { operation: 'GetClip', client: 'Chromium <video>' };
    for (const [name, seconds] of [
      ['with-sound', 2],
      ['alaw', 2],
      ['gap', 8],
    ] as const)
      cell(
        chromium,
        name,
        async () => {
          const seen = await playToEnd('Chromium', `${pages.url}/${name}.mp4`);
          expectPlayed(seen, name, { seconds });
          expect(seen.buffered).toHaveLength(1);
        },
        skip,
      );

    cell(
      chromium,
      'H.265: no picture, and without sound an error',
      async () => {
        const [silent, withSound] = await Promise.all(
          ['hevc', 'hevc-with-sound'].map(name => playToEnd('Chromium', `${pages.url}/${name}.mp4`)),
        );
        expect(silent).toMatchObject({ errors: [expect.stringMatching(/^4/)], frames: 0 });
        expect(withSound).toMatchObject({ errors: [], widths: [], frames: 0, ended: true });
      },
      skip,
    );
  });

  describe('seeking', () => {
    const open: [BrowserPlayer, string, () => Promise<string>][] = [
      ['hls.js', operations.HLS, () => archive.hls('with-sound')],
      ['Chromium', operations.HLS, () => archive.hls('with-sound')],
      ['shaka-player', operations.DASH, () => archive.dash('with-sound')],
    ];
    for (const [player, operation, url] of open)
      cell(
        { operation, client: player === 'Chromium' ? 'Chromium <video>' : player },
        'from the end back to the middle, and to the end again',
        async () => {
          const tab = await play(browser, pages, player, await url());
          const { frames, duration } = await over(tab);
          expect(await tab.evaluate<number>('seekTo(0.6)')).toBeCloseTo(0.6, 1);
          await tab.evaluate('void video.play()');
          await until(tab, `look().at > 1.2 && look().frames > ${frames + 5}`);
          // It may have come to the end meanwhile, and stands there.
          await tab.evaluate(`seekTo(${duration - 0.1}).then(() => void video.play())`);
          expect(await over(tab)).toMatchObject({ ended: true, widths: [320] });
          await tab.close();
        },
        skip,
      );
  });
});

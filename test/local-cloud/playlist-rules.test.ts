// Playlists keep the rules that AVPlayer insists on, at every reading, whatever the camera does.
import { expect, test } from 'vitest';
import type { Track } from '../../agent/matroska/track.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { aac, h264, makeMatroska } from '../matroska/ffmpeg-oracle.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { footageOf, ingest, mediaPlaylistUrl, type Stage, saveStream, sessionUrl, startStage } from './hls-stage.ts';
import { brokenMaster, brokenUpdates, type MediaList, readMediaPlaylist } from './playlist-rules.ts';

const [large, small] = ['scale=160:120', 'scale=80:60'].map(
  scale => footageOf(makeMatroska({ seconds: 1, video: ['-vf', scale, ...h264], audio: aac })).tracks,
);

/** What a camera does next. */
type Moves = { random: () => number; steady: boolean; sound: boolean };

/** Sends fragments one after the other, as unevenly as cameras do, and with their accidents. */
class Camera {
  readonly #stage: Stage;
  readonly #name: string;
  readonly #moves: Moves;
  readonly #usualMs: number;
  #tracks: Track[] = large ?? [];
  #nextMs: number;
  #lastMs = 0;

  constructor(stage: Stage, name: string, moves: Moves) {
    this.#stage = stage;
    this.#name = name;
    this.#moves = moves;
    this.#usualMs = [1000, 2000, 2500, 4000][Math.floor(moves.random() * 4)] ?? 1000;
    this.#nextMs = stage.clock.nowMs();
  }

  /** One more fragment, and the time it took to film. Returns its length. */
  async film(clock: SimulatedClock): Promise<void> {
    const { random, steady } = this.#moves;
    const accident = random();
    if (accident < 0.05) this.#nextMs += 100 + random() * (random() < 0.5 ? 1000 : 25_000);
    else if (accident < 0.12) this.#tracks = (this.#tracks === large ? small : large) ?? [];
    const lengthMs = Math.round(steady ? this.#usualMs * (0.93 + random() * 0.14) : 200 + random() * 9000);
    const again = accident > 0.95 && this.#lastMs > 0;
    const late = accident > 0.9 && this.#lastMs > 0;
    const atMs = again ? this.#lastMs : late ? this.#nextMs - 60_000 : this.#nextMs;
    await clock.advance(Math.max(0, this.#nextMs + lengthMs - clock.nowMs()) + random() * 200);
    await this.#send(atMs, lengthMs);
    if (again || late) return;
    this.#lastMs = this.#nextMs;
    this.#nextMs += lengthMs;
  }

  async #send(atMs: number, lengthMs: number): Promise<void> {
    const { sound, random } = this.#moves;
    const pictures = random() < 0.1 ? 1 : Math.max(2, Math.round(lengthMs / 100));
    const tracks = this.#tracks.filter(({ type }) => sound || type === 'video');
    const data = Uint8Array.of(0, 0, 0, 1, 0x65);
    const frames = Array.from({ length: pictures }, (_, index) =>
      tracks.map(({ number }) => ({
        ...{ trackNumber: number, keyFrame: index === 0, data },
        timecodeMs: Math.round((index * lengthMs) / pictures),
      })),
    ).flat();
    await ingest(this.#stage, this.#name, { tracks, frames, byMs: Math.round(atMs) });
  }
}

async function get(url: string): Promise<string> {
  const answer = await fetch(url);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  return text;
}

/** Reads a session's playlists as a player does, again and again; throws when a rule is broken. */
class Reader {
  readonly #master: string;
  readonly #lists: { url: string; seen?: MediaList }[];
  readonly #steady: boolean;

  constructor(master: string, lists: string[], steady: boolean) {
    this.#master = master;
    this.#lists = lists.map(url => ({ url }));
    this.#steady = steady;
  }

  static async open(master: string, { sound, muxed, steady }: { sound: boolean; muxed: boolean; steady: boolean }) {
    const count = sound && !muxed ? 2 : 1;
    const lists = await Promise.all(Array.from({ length: count }, (_, index) => mediaPlaylistUrl(master, index)));
    return new Reader(master, lists, steady);
  }

  async read(): Promise<MediaList[]> {
    const broken = brokenMaster(await get(this.#master));
    const now: MediaList[] = [];
    for (const list of this.#lists) {
      const { list: seen, broken: inside } = readMediaPlaylist(await get(list.url));
      broken.push(...inside, ...(list.seen ? brokenUpdates(list.seen, seen) : []));
      list.seen = seen;
      now.push(seen);
    }
    // A camera whose fragments are of any length may need a longer target; nothing else of a list ever changes.
    const allowed = (rule: string) => !this.#steady && rule.startsWith('the target duration stays');
    expect(broken.filter(rule => !allowed(rule))).toEqual([]);
    const shapes = now.map(({ target, segments }) =>
      JSON.stringify([target, segments.map(({ uri: _, map: __, ...shape }) => shape)]),
    );
    expect(new Set(shapes).size, 'sound and picture are cut alike').toBe(1);
    return now;
  }
}

const selectors = ['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP'] as const;
const modes = ['ALWAYS', 'NEVER', 'ON_DISCONTINUITY'] as const;

test.each(Array.from({ length: 9 }, (_, index) => ({ seed: 20261125 + index, steady: index % 3 !== 0 })))(
  'seed $seed, a steady camera: $steady',
  async ({ seed, steady }) => {
    const clock = new SimulatedClock();
    await using stage = await startStage(clock);
    await stage.addStream('cam');
    const random = seededRandom(seed);
    const sound = random() < 0.5;
    const startMs = clock.nowMs();
    const camera = new Camera(stage, 'cam', { random, steady, sound });
    for (let count = 0; count < 3; count++) await camera.film(clock);
    const choose = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)];
    const asked = (PlaybackMode: string, TimestampRange?: object) => {
      const FragmentSelectorType = choose(selectors);
      const muxed = random() < 0.3;
      const input = {
        ...{ StreamName: 'cam', PlaybackMode, DiscontinuityMode: choose(modes) },
        ...{ ContainerFormat: muxed ? 'MPEG_TS' : 'FRAGMENTED_MP4', DisplayFragmentTimestamp: 'ALWAYS' },
        ...{ MaxMediaPlaylistFragmentResults: 3 + Math.floor(random() * 5), Expires: 43_200 },
        HLSFragmentSelector: { FragmentSelectorType, ...(TimestampRange ? { TimestampRange } : {}) },
      };
      return { input, muxed };
    };
    const open = async ({ input, muxed }: ReturnType<typeof asked>) =>
      Reader.open(await sessionUrl(stage, input), { sound, muxed, steady });
    const replay = { StartTimestamp: startMs / 1000 - 1 };
    const readers = [
      ...(await Promise.all([1, 2, 3].map(() => open(asked('LIVE'))))),
      ...(await Promise.all([1, 2].map(() => open(asked('LIVE_REPLAY', replay))))),
    ];
    for (let count = 0; count < 30; count++) {
      await camera.film(clock);
      // Players do not come at every fragment.
      for (const reader of readers) if (random() < 0.7) await reader.read();
    }
    const range = { StartTimestamp: startMs / 1000 - 1, EndTimestamp: (clock.nowMs() - 1) / 1000 };
    const { input, muxed } = asked('ON_DEMAND', range);
    const whole = await open({ input: { ...input, MaxMediaPlaylistFragmentResults: 5000 }, muxed });
    const [list] = await whole.read();
    expect(list?.segments.length).toBeGreaterThan(20);
    expect(await whole.read()).toHaveLength(sound && !muxed ? 2 : 1);
  },
);

test('what retention removes leaves the list at its head', async () => {
  const clock = new SimulatedClock();
  await using stage = await startStage(clock);
  await saveStream(stage.store, clock, 'cam', 1);
  const camera = new Camera(stage, 'cam', { random: seededRandom(5), steady: true, sound: false });
  await camera.film(clock);
  const input = { StreamName: 'cam', MaxMediaPlaylistFragmentResults: 5000, Expires: 43_200 };
  const url = await sessionUrl(stage, { ...input, DiscontinuityMode: 'ALWAYS' });
  const reader = await Reader.open(url, { sound: false, muxed: false, steady: true });
  let firstSequence = 0;
  for (let count = 0; count < 160; count++) {
    await clock.advance(25_000);
    await camera.film(clock);
    await stage.store.enforceRetention();
    const [list] = await reader.read();
    firstSequence = list?.segments[0]?.sequence ?? 0;
    expect(list?.segments[0]?.discontinuitySequence).toBe(firstSequence + 1);
  }
  expect(firstSequence).toBeGreaterThan(10);
  const media = await get(await mediaPlaylistUrl(url));
  const oldest = media.match(/FragmentNumber=(\d+)/)?.[1] ?? '';
  expect(stage.store.fragment('cam', oldest)).toBeDefined();
});

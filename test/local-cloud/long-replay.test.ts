// A replay that nobody asks about for half a day, over a store that only counts what it is asked for.
import { expect, test } from 'vitest';
import { advance, openSession, type SessionSettings } from '../../agent/local-cloud/hls/session.ts';
import type { FragmentQuery, MediaStore, StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const fragmentCount = 43_200;

/** One second each, from time 0. */
const fragments = Array.from({ length: fragmentCount }, (_, index): StoredFragment => {
  const video = { type: 'video', number: 1, codecId: 'V_MPEG4/ISO/AVC', width: 64, height: 36 } as const;
  return {
    ...{ streamName: 's', number: String(index).padStart(5, '0'), producerMs: index * 1000, serverMs: index * 1000 },
    ...{ lengthMs: 960, bytes: 1000, frames: 25, timelineMs: 0, codecKey: 'a' },
    tracks: [{ ...video, codecPrivate: new Uint8Array() }],
  };
});

function countingStore(): MediaStore & { asked: number; given: number } {
  const counts = { asked: 0, given: 0 };
  const unused = () => {
    throw new Error('not asked by a replay');
  };
  return Object.assign(counts, {
    ...{ findStream: unused, newest: unused, arrivedAfter: unused, watch: unused, readFragment: unused },
    fragment: (_: string, number: string) => fragments[Number(number)],
    fragments({ fromMs, toMs, after, limit }: FragmentQuery) {
      const start = after ? Number(after.number) + 1 : Math.max(0, Math.ceil(fromMs / 1000));
      const found = fragments.slice(start, Math.min(start + limit, Math.floor(toMs / 1000) + 1));
      counts.asked++;
      counts.given += found.length;
      return found;
    },
  });
}

const settings: SessionSettings = {
  playback: { mode: 'LIVE_REPLAY', fromMs: 0, toMs: fragmentCount * 1000 },
  ...{ protocol: 'HLS', container: 'FRAGMENTED_MP4', by: 'producer', discontinuities: 'NEVER', followCodecs: true },
  ...{ endToEnd: false, showTimestamps: false, lifetimeMs: 43_200_000, maxFragments: 5, lingering: 0 },
};

test('LIVE_REPLAY catches up with half a day of fragments in a few looks at the index', async () => {
  const clock = new SimulatedClock();
  const store = countingStore();
  const session = openSession('s', settings, { store, clock });
  await clock.advance(43_000_000);
  advance(session, { store, clock });
  expect(session.timeline.mediaSequence).toBe(43_000);
  expect(session.timeline.entries.map(({ fragment }) => fragment.number)).toEqual(
    [43_000, 43_001, 43_002, 43_003, 43_004].map(String),
  );
  expect(store.asked).toBeLessThan(20);
  expect(store.given).toBeLessThan(fragmentCount + 100);
  // And with somebody who asks every second it looks at no more than it lists.
  const { given } = store;
  for (let second = 0; second < 100; second++) {
    await clock.advance(1000);
    advance(session, { store, clock });
  }
  expect(session.timeline.mediaSequence).toBe(43_100);
  expect(store.given - given).toBeLessThan(500);
});

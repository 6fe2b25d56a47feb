// Cameras whose timestamps tell nothing, or jump.
import { expect } from 'vitest';
import type { Oddity } from './oddity.ts';

const clockRate = 90_000;
const hourMs = 3_600_000;
const hourTicks = 3600 * clockRate;
/** A timeline begins anew when its first picture comes, and that may come late: far less than the hour. */
const mostLatenessMs = 5_000;

export const timestampOddities: Oddity[] = [
  {
    camera: 'gives every picture the timestamp 0',
    agent: 'stamps pictures with their arrival, as soon as half a second shows it',
    reads: [],
    longestGapMs: 1_500,
    pictures: 100,
    // Key frames begin fragments though time stands still: without a second one all is lost after 20 s.
    check: ({ recording }) => expect(recording.fragments).toBeGreaterThan(1),
    does: () => ({ ticks: () => 0 }),
  },
  {
    camera: 'gives every picture the same timestamp',
    agent: 'stamps pictures with their arrival, as soon as half a second shows it',
    reads: [],
    longestGapMs: 1_500,
    pictures: 100,
    // Key frames begin fragments though time stands still: without a second one all is lost after 20 s.
    check: ({ recording }) => expect(recording.fragments).toBeGreaterThan(1),
    does: () => ({ ticks: () => 1_234_567 }),
  },
  {
    camera: 'lets timestamps jump forward by an hour',
    agent: 'begins its timeline anew at that picture; recorded time goes on without a hole',
    reads: [],
    longestGapMs: mostLatenessMs,
    does: () => ({ ticks: (usual, ordinal) => usual + (ordinal < 30 ? 0 : hourTicks) }),
  },
  {
    camera: 'lets timestamps jump back by an hour',
    agent: 'begins its timeline anew at that picture; recorded time goes on without a hole',
    reads: [],
    longestGapMs: mostLatenessMs,
    does: () => ({ ticks: (usual, ordinal) => usual - (ordinal < 30 ? 0 : hourTicks) }),
  },
  {
    camera: 'lets timestamps wrap around at 2³²',
    agent: 'counts on',
    reads: [],
    does: () => ({ firstTicks: 2 ** 32 - clockRate }),
  },
  {
    camera: 'lets the timestamps of picture and sound wrap around while sound goes on',
    agent: 'counts on, each of them by itself',
    reads: [],
    sound: 'aac',
    does: () => ({ firstTicks: 2 ** 32 - clockRate / 2 }),
    check: ({ recording }) => expect(recording.sounds).toBeGreaterThan(20),
  },
  {
    camera: 'counts H.264 timestamps with a clock of 48 000 Hz instead of 90 000',
    agent: 'counts as the description says',
    reads: [],
    does: () => ({ videoClockRate: 48_000 }),
  },
  {
    camera: 'has a clock that is an hour ahead',
    agent: 'sees it in the sender reports; pictures are stamped with the agent’s own time',
    reads: [],
    does: () => ({ clockOffsetMs: hourMs }),
    check({ recording }) {
      expect(Math.abs((recording.clockOffsetsMs[0] ?? 0) - hourMs)).toBeLessThan(5_000);
      expect(recording.pictures[0]?.timecodeMs).toBeLessThan(Date.now());
    },
  },
  {
    camera: 'sends no sender reports',
    agent: 'does without the camera’s clock',
    reads: [],
    does: () => ({ reportEveryMs: 0 }),
  },
];

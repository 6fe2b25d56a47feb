// Cameras whose sound comes and goes.
import { expect } from 'vitest';
import type { Oddity } from './oddity.ts';

export const soundOddities: Oddity[] = [
  {
    camera: 'is silent for a while: no packets of sound come',
    agent: 'records pictures on; sound goes on when it comes again',
    reads: [],
    sound: 'aac',
    pictures: 75,
    does: () => ({ hasSound: ms => ms < 800 || ms > 1800 }),
    check: ({ recording }) => expect(recording.sounds).toBeGreaterThan(15),
  },
  {
    camera: 'describes sound that never comes',
    agent: 'records pictures alone',
    reads: [],
    sound: 'aac',
    does: () => ({ hasSound: () => false }),
    check: ({ recording }) => expect(recording.sounds).toBe(0),
  },
  {
    camera: 'sends sound first and pictures only after a while',
    agent: 'begins with the first picture; sound before it has no place in the recording',
    reads: [],
    sound: 'aac',
    does: () => ({ hasPicture: ms => ms > 1000 }),
    // Sound arrives after the pictures of its time.
    until: recording => recording.sounds > 20,
    check: ({ recording }) => expect(recording.sounds).toBeGreaterThan(20),
  },
  {
    camera: 'sends G.711 A-law',
    agent: 'turns it into AAC',
    reads: [],
    sound: 'pcma',
    // The encoder takes its time to start.
    until: recording => recording.sounds > 5,
    check: ({ recording }) => expect(recording.sounds).toBeGreaterThan(5),
  },
];

// Cameras whose pictures come in another order, shape or description than usual.
import { expect } from 'vitest';
import { type Footage, makeFootage } from '../../../scripts/scripted-camera/footage.ts';
import type { Oddity, Outcome } from './oddity.ts';

/** Width and height that the fragments' headers tell, each once. */
function sizesOf({ recording }: Outcome): string[] {
  const sizes = recording.tracks
    .flat()
    .flatMap(track => (track.type === 'video' ? `${track.width}x${track.height}` : []));
  return [...new Set(sizes)];
}

function headersOf({ recording }: Outcome): number {
  const headers = recording.tracks.flat().flatMap(track => (track.type === 'video' ? [track.codecPrivate] : []));
  return new Set(headers.map(header => Buffer.from(header).toString('hex'))).size;
}

/** Every key frame is followed by itself. */
function doubled(footage: Footage): Footage {
  const pictures = footage.pictures.flatMap(picture => (picture.keyFrame ? [picture, picture] : [picture]));
  return { ...footage, pictures: pictures.map((picture, shownAs) => ({ ...picture, shownAs })) };
}

export const pictureOddities: Oddity[] = [
  {
    camera: 'sends two key frames in a row',
    agent: 'keeps both in one fragment: the second one is too near to begin another',
    reads: [],
    does: async () => ({ footage: doubled(await makeFootage()) }),
  },
  {
    camera: 'changes its parameter sets in mid-stream',
    agent: 'begins a fragment with the new ones; a new session to the cloud follows',
    reads: [],
    does: async () => {
      const other = await makeFootage({ picturesPerSecond: 20 });
      return { moments: [{ atPicture: 25, act: camera => camera.show(other) }] };
    },
    check: outcome => expect(headersOf(outcome)).toBe(2),
  },
  {
    camera: 'changes its resolution in mid-stream',
    agent: 'begins a fragment with the new size; a new session to the cloud follows',
    reads: [],
    does: async () => {
      const larger = await makeFootage({ size: '320x240' });
      return { moments: [{ atPicture: 25, act: camera => camera.show(larger) }] };
    },
    check: outcome => expect(sizesOf(outcome)).toEqual(['160x120', '320x240']),
  },
  {
    camera: 'leaves parameter sets out of its description',
    agent: 'takes them from the stream',
    reads: [],
    does: () => ({ parameterSets: 'stream' }),
  },
  {
    camera: 'has parameter sets only in its description',
    agent: 'takes them from there',
    reads: [],
    does: () => ({ parameterSets: 'sdp' }),
  },
  {
    camera: 'lets its viewers in between key frames, without parameter sets in its description',
    agent: 'begins with the first key frame; what came before it could not be shown',
    reads: [],
    does: async () => {
      const footage = await makeFootage();
      const late = [...footage.pictures.slice(10), ...footage.pictures.slice(0, 10)];
      const pictures = late.map((picture, shownAs) => ({ ...picture, shownAs }));
      return { footage: { ...footage, pictures }, joinAnywhere: true, parameterSets: 'stream' };
    },
    notRecorded: Array.from({ length: 15 }, (_, ordinal) => ordinal),
  },
  {
    camera: 'sends B-frames',
    agent:
      'refuses the stream, as Kinesis Video Streams does, when the third of them comes; it looks again after a minute',
    reads: ['camera-b-frames'],
    film: { bFrames: 2 },
    pictures: 25,
    notRecorded: Array.from({ length: 17 }, (_, index) => 8 + index),
  },
  {
    camera: 'sends a key frame only every few minutes',
    agent:
      'ends the fragment at 20 s, the longest there may be; what follows is lost up to the next key frame, and told',
    reads: ['camera-gop-too-long'],
    // A picture at 19.8 s and one at 20.2 s: stamps may run 0.5 % slower or faster than the camera.
    film: { picturesPerSecond: 2.475, seconds: 60, gop: 200 },
    speed: 10,
    timings: { ioTimeoutMs: 100_000, silenceMs: 100_000 },
    pictures: 160,
    notRecorded: Array.from({ length: 99 }, (_, index) => 50 + index),
    longestGapMs: 42_000,
    check: ({ recording }) => {
      const [began, ended] = recording.problems;
      expect(began?.lostFromMs).toBeDefined();
      expect((ended?.lostToMs ?? 0) - (ended?.lostFromMs ?? 0)).toBeGreaterThan(38_000);
    },
  },
  {
    camera: 'sends H.265',
    agent: 'records it like H.264',
    reads: [],
    film: { codec: 'h265' },
  },
  {
    camera: 'sends H.265 with parameter sets only in its description, small units several in one packet',
    agent: 'takes the packets apart',
    reads: [],
    film: { codec: 'h265' },
    does: () => ({ parameterSets: 'sdp', aggregate: true }),
  },
];

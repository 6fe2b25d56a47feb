// The picture that a fragment begins with.
import { MatroskaReader } from '../matroska/read.ts';
import type { Track } from '../matroska/track.ts';
import { type KeyFrame, undecodable } from './annex-b.ts';

/** Reads no further than it must. @throws AgentError `matroska-*`, or `still-undecodable` when there is no key frame */
export function firstKeyFrame(fragment: Uint8Array): { atMs: number; keyFrame: KeyFrame } {
  let tracks: Track[] = [];
  for (const event of new MatroskaReader({ borrowFrames: true }).push(fragment)) {
    if (event.type === 'tracks') tracks = event.tracks;
    if (event.type !== 'frame' || !event.frame.keyFrame) continue;
    const { trackNumber, timecodeMs, data } = event.frame;
    const track = tracks.find(track => track.number === trackNumber);
    if (track?.type === 'video') return { atMs: timecodeMs, keyFrame: { track, data } };
  }
  throw undecodable('the fragment holds no video key frame');
}

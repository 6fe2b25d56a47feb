// G.711 sound in MP4. HLS has no place for it, a file has. Matroska keeps its description as WAVEFORMATEX.
import type { AudioTrack, Track } from '../matroska/track.ts';
import type { PlayableTrack, Unplayable } from './playable.ts';

const waveFormatBytes = 16;
const formatTags = { aLaw: 0x0006, muLaw: 0x0007 };

/** A_MS/ACM with A-law or µ-law in it. Never throws for what a camera sent. */
export function g711(track: Track): PlayableTrack | Unplayable {
  if (track.type !== 'audio' || track.codecId !== 'A_MS/ACM') return { problem: 'unsupported' };
  if (track.codecPrivate.length === 0) return { problem: 'missing' };
  if (track.codecPrivate.length < waveFormatBytes) return { problem: 'invalid' };
  const [low = 0, high = 0] = track.codecPrivate;
  switch (low + high * 256) {
    case formatTags.aLaw:
      return described('alaw', track);
    case formatTags.muLaw:
      return described('ulaw', track);
    default:
      return { problem: 'unsupported' };
  }
}

function described(codec: 'alaw' | 'ulaw', track: AudioTrack): PlayableTrack | Unplayable {
  if (!Number.isInteger(track.sampleRate) || track.sampleRate < 1 || track.channels < 1) return { problem: 'invalid' };
  return { sampleEntry: codec, codec, timescale: track.sampleRate, track };
}

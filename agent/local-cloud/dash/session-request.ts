// GetDASHStreamingSessionURL: what may be asked for, and what is meant by what was left out. Pure.
import { z } from 'zod';
import type { Archive } from '../archive-range.ts';
import { displayed, expires, fragmentSelector, maxResults, playbackMode, playbackSettings } from '../hls/playback.ts';
import type { SessionSettings } from '../hls/session.ts';
import { streamReference } from '../stream-reference.ts';

export const sessionRequest = z.object({
  ...streamReference,
  PlaybackMode: playbackMode,
  DASHFragmentSelector: fragmentSelector,
  DisplayFragmentTimestamp: displayed,
  DisplayFragmentNumber: displayed,
  Expires: expires,
  MaxManifestFragmentResults: maxResults,
});

export type SessionRequest = z.output<typeof sessionRequest>;

/** A player asks for a segment by its place in the session, and may still do so after the segment has left the list. */
const lingering = 100;

/** @throws WireError InvalidArgumentException */
export function settingsOf(request: SessionRequest, archive: Archive): SessionSettings {
  const playback = playbackSettings(
    {
      mode: request.PlaybackMode,
      selector: request.DASHFragmentSelector,
      expiresSeconds: request.Expires,
      maxFragments: request.MaxManifestFragmentResults,
    },
    archive,
  );
  return {
    ...playback,
    protocol: 'DASH',
    container: 'FRAGMENTED_MP4',
    discontinuities: 'NEVER',
    showTimestamps: request.DisplayFragmentTimestamp === 'ALWAYS',
    followCodecs: false,
    endToEnd: true,
    lingering,
  };
}

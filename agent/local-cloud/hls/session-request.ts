// GetHLSStreamingSessionURL: what may be asked for, and what is meant by what was left out. Pure.
import { z } from 'zod';
import type { Archive } from '../archive-range.ts';
import { streamReference } from '../stream-reference.ts';
import { displayed, expires, fragmentSelector, maxResults, playbackMode, playbackSettings } from './playback.ts';
import type { SessionSettings } from './session.ts';

export const sessionRequest = z.object({
  ...streamReference,
  PlaybackMode: playbackMode,
  HLSFragmentSelector: fragmentSelector,
  ContainerFormat: z.enum(['FRAGMENTED_MP4', 'MPEG_TS']).default('FRAGMENTED_MP4'),
  DiscontinuityMode: z.enum(['ALWAYS', 'NEVER', 'ON_DISCONTINUITY']).optional(),
  DisplayFragmentTimestamp: displayed,
  Expires: expires,
  MaxMediaPlaylistFragmentResults: maxResults,
});

export type SessionRequest = z.output<typeof sessionRequest>;

/** @throws WireError InvalidArgumentException */
export function settingsOf(request: SessionRequest, archive: Archive): SessionSettings {
  const playback = playbackSettings(
    {
      mode: request.PlaybackMode,
      selector: request.HLSFragmentSelector,
      expiresSeconds: request.Expires,
      maxFragments: request.MaxMediaPlaylistFragmentResults,
    },
    archive,
  );
  return {
    ...playback,
    protocol: 'HLS',
    container: request.ContainerFormat,
    discontinuities: request.DiscontinuityMode ?? (playback.by === 'server' ? 'ALWAYS' : 'NEVER'),
    showTimestamps: request.DisplayFragmentTimestamp === 'ALWAYS',
    followCodecs: true,
    endToEnd: false,
    lingering: 0,
  };
}

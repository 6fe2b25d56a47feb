// GetHLSStreamingSessionURL: what may be asked for, and what is meant by what was left out. Pure.
// Differs from KVS: ContainerFormat MPEG_TS is refused, fragments are served as fragmented MP4 only.
import { z } from 'zod';
import { epochSeconds } from '../json-operation.ts';
import { streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';

const dayMs = 86_400_000;

export const sessionRequest = z.object({
  ...streamReference,
  PlaybackMode: z.enum(['LIVE', 'LIVE_REPLAY', 'ON_DEMAND']).default('LIVE'),
  HLSFragmentSelector: z
    .object({
      FragmentSelectorType: z.enum(['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP']).default('SERVER_TIMESTAMP'),
      TimestampRange: z
        .object({ StartTimestamp: epochSeconds.optional(), EndTimestamp: epochSeconds.optional() })
        .optional(),
    })
    .prefault({}),
  ContainerFormat: z.enum(['FRAGMENTED_MP4', 'MPEG_TS']).default('FRAGMENTED_MP4'),
  DiscontinuityMode: z.enum(['ALWAYS', 'NEVER', 'ON_DISCONTINUITY']).optional(),
  DisplayFragmentTimestamp: z.enum(['ALWAYS', 'NEVER']).default('NEVER'),
  Expires: z.int().min(300).max(43_200).default(300),
  MaxMediaPlaylistFragmentResults: z.int().min(1).max(5000).optional(),
});

export type SessionRequest = z.output<typeof sessionRequest>;

export type Playback =
  | { mode: 'LIVE' }
  | { mode: 'LIVE_REPLAY'; fromMs: number /** Infinity: goes on with what is still to come. */; toMs: number }
  | { mode: 'ON_DEMAND'; fromMs: number; toMs: number };

export type SessionSettings = {
  playback: Playback;
  /** Whose clock places a fragment on the player's timeline and chooses it by time. */
  by: 'producer' | 'server';
  discontinuities: 'ALWAYS' | 'NEVER' | 'ON_DISCONTINUITY';
  showTimestamps: boolean;
  lifetimeMs: number;
  /** Fragments in one media playlist. */
  maxFragments: number;
};

/** @throws WireError InvalidArgumentException */
export function settingsOf(request: SessionRequest, nowMs: number): SessionSettings {
  if (request.ContainerFormat === 'MPEG_TS')
    throw invalid('ContainerFormat MPEG_TS is not served here: ask for FRAGMENTED_MP4, which is the default.');
  const by = request.HLSFragmentSelector.FragmentSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server';
  const onDemand = request.PlaybackMode === 'ON_DEMAND';
  return {
    playback: playbackOf(request, by, nowMs),
    by,
    discontinuities: request.DiscontinuityMode ?? (by === 'server' ? 'ALWAYS' : 'NEVER'),
    showTimestamps: request.DisplayFragmentTimestamp === 'ALWAYS',
    lifetimeMs: request.Expires * 1000,
    maxFragments: request.MaxMediaPlaylistFragmentResults ?? (onDemand ? 1000 : 5),
  };
}

function playbackOf(
  { PlaybackMode: mode, HLSFragmentSelector }: SessionRequest,
  by: 'producer' | 'server',
  nowMs: number,
): Playback {
  const range = HLSFragmentSelector.TimestampRange;
  if (mode === 'LIVE') {
    if (range) throw invalid('TimestampRange must not be given when PlaybackMode is LIVE.');
    return { mode };
  }
  const fromMs = range?.StartTimestamp;
  if (fromMs === undefined) throw invalid(`TimestampRange.StartTimestamp is required when PlaybackMode is ${mode}.`);
  const toMs = range?.EndTimestamp;
  if (toMs === undefined) {
    if (mode === 'ON_DEMAND') throw invalid('TimestampRange.EndTimestamp is required when PlaybackMode is ON_DEMAND.');
    return { mode, fromMs, toMs: Infinity };
  }
  if (toMs <= fromMs) throw invalid('EndTimestamp must be later than StartTimestamp.');
  if (toMs - fromMs > dayMs) throw invalid('EndTimestamp must be within 24 hours of StartTimestamp.');
  if (by === 'server' && toMs > nowMs)
    throw invalid('EndTimestamp must be in the past when FragmentSelectorType is SERVER_TIMESTAMP.');
  return { mode, fromMs, toMs };
}

function invalid(message: string): WireError {
  return new WireError('InvalidArgumentException', message);
}

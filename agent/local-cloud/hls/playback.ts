// What a session plays and for how long: the part of a request that HLS and DASH have alike. Pure.
import { z } from 'zod';
import { type Archive, type ArchiveRange, requirePlayable } from '../archive-range.ts';
import { epochSeconds } from '../json-operation.ts';
import { WireError } from '../wire-error.ts';

export const playbackMode = z.enum(['LIVE', 'LIVE_REPLAY', 'ON_DEMAND']).default('LIVE');

export const fragmentSelector = z
  .object({
    FragmentSelectorType: z.enum(['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP']).default('SERVER_TIMESTAMP'),
    TimestampRange: z
      .object({ StartTimestamp: epochSeconds.optional(), EndTimestamp: epochSeconds.optional() })
      .optional(),
  })
  .prefault({});

export const displayed = z.enum(['ALWAYS', 'NEVER']).default('NEVER');

/** Seconds. */
export const expires = z.int().min(300).max(43_200).default(300);

export const maxResults = z.int().min(1).max(5000).optional();

export type Playback =
  | { mode: 'LIVE' }
  | { mode: 'LIVE_REPLAY'; fromMs: number /** Infinity: goes on with what is still to come. */; toMs: number }
  | { mode: 'ON_DEMAND'; fromMs: number; toMs: number };

export type PlaybackSettings = {
  playback: Playback;
  /** Whose clock places a fragment on the player's timeline and chooses it by time. */
  by: 'producer' | 'server';
  lifetimeMs: number;
  /** Fragments in one list. */
  maxFragments: number;
};

export type PlaybackRequest = {
  mode: z.output<typeof playbackMode>;
  selector: z.output<typeof fragmentSelector>;
  expiresSeconds: number;
  maxFragments: number | undefined;
};

/** @throws WireError InvalidArgumentException */
export function playbackSettings(request: PlaybackRequest, archive: Archive): PlaybackSettings {
  const { mode, selector, expiresSeconds, maxFragments } = request;
  const by = selector.FragmentSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server';
  return {
    playback: playbackOf(mode, selector.TimestampRange, { by, archive }),
    by,
    lifetimeMs: expiresSeconds * 1000,
    maxFragments: maxFragments ?? (mode === 'ON_DEMAND' ? 1000 : 5),
  };
}

function playbackOf(
  mode: PlaybackRequest['mode'],
  range: PlaybackRequest['selector']['TimestampRange'],
  { by, archive }: { by: ArchiveRange['by']; archive: Archive },
): Playback {
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
  requirePlayable({ by, fromMs, toMs }, archive);
  return { mode, fromMs, toMs };
}

function invalid(message: string): WireError {
  return new WireError('InvalidArgumentException', message);
}

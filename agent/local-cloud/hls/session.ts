// One streaming session: which fragments it lists now. Moves forward when a playlist is asked for, never by itself, and
// both tracks' playlists show the same timeline.
import type { Clock } from '../../clock.ts';
import type { MediaStore, StoredFragment } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';
import { naturalLengthMs } from './fragment-span.ts';
import type { PlaybackSettings } from './playback.ts';
import type { Protocol } from './session-tracks.ts';
import { append, emptyTimeline, keepNewest, type Timeline, type TimelineRules } from './timeline.ts';

/** A live stream without a fragment for this long is over, for new sessions and for running ones. */
const liveSilenceMs = 30_000;
/** Fragments looked at in one go; KVS lists no more in a playlist either. */
const batch = 5000;

export type SessionSettings = PlaybackSettings &
  TimelineRules & {
    protocol: Protocol;
    container: 'FRAGMENTED_MP4' | 'MPEG_TS';
    showTimestamps: boolean;
    /** Fragments that stay on the timeline after they have left the list. */
    lingering: number;
  };

export type Session = {
  streamName: string;
  settings: SessionSettings;
  timeline: Timeline;
  /** The last fragment that was looked at, listed or not. */
  cursor: { ms: number; number: string } | undefined;
  /** LIVE_REPLAY: monotonic time at which the next fragment is due. */
  nextDueMs: number;
  /** Nothing will be added any more, whatever comes: a player was told so. */
  ended: boolean;
};

type Sources = { store: MediaStore; clock: Clock };

/** @throws WireError ResourceNotFoundException when there is nothing to play */
export function openSession(streamName: string, settings: SessionSettings, sources: Sources): Session {
  const { store, clock } = sources;
  const session: Session = {
    ...{ streamName, settings, timeline: emptyTimeline, cursor: undefined },
    ...{ nextDueMs: clock.monotonicMs(), ended: settings.playback.mode === 'ON_DEMAND' },
  };
  if (settings.playback.mode === 'LIVE') {
    add(session, 'server', sinceSilence(store.newest(streamName, settings.maxFragments)));
    advance(session, sources);
  } else {
    add(session, settings.by, nextInRange(session, store, settings.maxFragments));
    session.nextDueMs += session.timeline.entries.at(-1)?.listedMs ?? 0;
  }
  if (session.timeline.entries.length === 0) throw noFragments();
  return session;
}

/** Brings the session up to now. @throws WireError ResourceNotFoundException when a live stream has gone silent */
export function advance(session: Session, { store, clock }: Sources): void {
  if (session.ended) return;
  if (session.settings.playback.mode === 'LIVE') {
    requireLive(store.newest(session.streamName, 1), clock.nowMs());
    add(session, 'server', nextArrived(session, store));
  } else revealDue(session, store, clock.monotonicMs());
  forgetLost(session, store);
  letLeave(session);
  session.ended = isComplete(session, { store, clock });
}

function letLeave(session: Session): void {
  const { maxFragments, lingering } = session.settings;
  session.timeline = keepNewest(session.timeline, maxFragments + lingering);
}

/** What retention has removed is not listed any longer. @throws WireError ResourceNotFoundException when nothing is left */
function forgetLost(session: Session, store: MediaStore): void {
  const { entries } = session.timeline;
  const kept = entries.findIndex(({ fragment }) => store.fragment(session.streamName, fragment.number) !== undefined);
  if (kept < 0) throw noFragments();
  session.timeline = keepNewest(session.timeline, entries.length - kept);
}

/** LIVE_REPLAY: the range is over and all of it is listed. */
function isComplete(session: Session, { store, clock }: Sources): boolean {
  const { playback } = session.settings;
  return (
    playback.mode === 'LIVE_REPLAY' && playback.toMs < clock.nowMs() && nextInRange(session, store, 1).length === 0
  );
}

/** @throws WireError as `append` does, and again each time: a session that cannot go on does not leave out why */
function add(session: Session, order: 'producer' | 'server', fragments: readonly StoredFragment[]): void {
  const last = fragments.at(-1);
  if (!last) return;
  session.timeline = append(session.timeline, fragments, session.settings);
  session.cursor = { ms: order === 'producer' ? last.producerMs : last.serverMs, number: last.number };
}

/** LIVE_REPLAY lists one fragment each time the length of one has passed, however long nobody asked. */
function revealDue(session: Session, store: MediaStore, nowMs: number): void {
  while (session.nextDueMs <= nowMs) {
    const atLeast = 1 + Math.floor((nowMs - session.nextDueMs) / 1000);
    const due = dueWithin(nowMs - session.nextDueMs, nextInRange(session, store, Math.min(batch, atLeast)));
    if (due.length === 0) {
      // What comes later is not made up for: an hour that arrives in a minute is played for an hour.
      session.nextDueMs = nowMs;
      return;
    }
    const listed = session.timeline.entries.length;
    add(session, session.settings.by, due);
    for (const { listedMs } of session.timeline.entries.slice(listed)) session.nextDueMs += listedMs;
    letLeave(session);
  }
}

/** The first of them, and as many more as their lengths leave time for. */
function dueWithin(timeMs: number, fragments: readonly StoredFragment[]): StoredFragment[] {
  let leftMs = timeMs;
  const beyond = fragments.findIndex(fragment => {
    if (leftMs < 0) return true;
    leftMs -= naturalLengthMs(fragment);
    return false;
  });
  return beyond < 0 ? [...fragments] : fragments.slice(0, beyond);
}

function nextInRange({ streamName: stream, settings, cursor: after }: Session, store: MediaStore, limit: number) {
  const { playback, by } = settings;
  if (playback.mode === 'LIVE') return [];
  return store.fragments({ stream, by, fromMs: playback.fromMs, toMs: playback.toMs, limit, after });
}

function nextArrived({ streamName: stream, cursor: after }: Session, store: MediaStore): StoredFragment[] {
  return store.fragments({ stream, by: 'server', fromMs: after?.ms ?? -Infinity, toMs: Infinity, limit: batch, after });
}

function requireLive([newest]: StoredFragment[], nowMs: number): void {
  if (!newest || nowMs - newest.serverMs - newest.lengthMs > liveSilenceMs) throw noFragments();
}

/** What came before the last long silence is not live any more. */
function sinceSilence(fragments: StoredFragment[]): StoredFragment[] {
  const silence = fragments.findLastIndex((fragment, index) => {
    const next = fragments[index + 1];
    return next !== undefined && next.serverMs - fragment.serverMs - fragment.lengthMs > liveSilenceMs;
  });
  return fragments.slice(silence + 1);
}

function noFragments(): WireError {
  return new WireError('ResourceNotFoundException', 'No fragments found in the stream for the streaming request.');
}

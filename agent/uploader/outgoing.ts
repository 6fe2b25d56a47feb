// A fragment on its way to the service, from its file or while it still grows: the session treats both alike.
import { type AgentError, asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { scanFragment } from '../matroska/scan.ts';
import type { Frame, Track } from '../matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../matroska/write.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';
import type { GrowingFragment } from '../spool/growing-fragment.ts';
import type { Spool } from '../spool/spool.ts';
import type { EarlyVerdicts } from './early-verdicts.ts';
import type { PieceMemory } from './piece-memory.ts';
import { clusterOf, sessionHeader } from './session-media.ts';

/** The service's last word on a fragment. */
export type Verdict = { type: 'persisted'; fragmentNumber: string } | { type: 'rejected'; error: AgentError };

export type Outgoing = {
  readonly startMs: number;
  readonly codecKey: string;
  /** Of the tracks with frames: a header that declares others is refused (4011). */
  readonly trackNumbers: readonly number[];
  /** What is known of its size before it is sent. */
  readonly bytes: number;
  /** All tracks the camera's stream has. */
  tracks(): readonly Track[];
  /** What a session that begins with this fragment begins with. */
  header(): Uint8Array;
  /** The cluster, piece by piece, each good until the next is asked for. Throws the signal's reason. */
  cluster(signal: AbortSignal): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Before its first byte is sent. */
  markSendBegun(): void;
  /** After its last byte was sent. */
  markSent(): void;
  /** Writes the verdict down, at once or when the fragment counts. */
  judge(verdict: Verdict): void;
};

export type OutgoingContext = { spool: Spool; facts: Facts; early: EarlyVerdicts; pieces: PieceMemory };

/** A fragment whose file was read. */
export function fromDisk({ spool, facts }: OutgoingContext, record: FragmentRecord, file: Uint8Array): Outgoing {
  return {
    startMs: record.startMs,
    codecKey: record.codecKey,
    trackNumbers: record.trackNumbers,
    bytes: record.bytes,
    tracks: () => scanFragment(file.subarray(0, record.headerBytes)).tracks,
    header: () => sessionHeader(record, file),
    cluster: () => [clusterOf(record, file)],
    markSendBegun: () => spool.markSendBegun(record.id),
    markSent: () => undefined,
    judge: verdict => writeDown({ spool, facts }, record, verdict),
  };
}

/** A fragment that grows and has shown every track. */
export function fromCamera({ spool, facts, early, pieces }: OutgoingContext, growing: GrowingFragment): Outgoing {
  const { startMs, codecKey, tracks } = growing;
  return {
    startMs,
    codecKey,
    trackNumbers: tracks.map(track => track.number).sort((a, b) => a - b),
    bytes: 0,
    tracks: () => tracks,
    header: () => writeHeader(tracks),
    cluster: signal => growingCluster(startMs, growing.frames(signal), pieces),
    markSendBegun: () => growing.markSendBegun(),
    markSent: () => early.sent(growing),
    judge(verdict) {
      early.judged(growing);
      void growing.whole.then(record => {
        if (record) writeDownLate({ spool, facts }, record, verdict);
      });
    },
  };
}

/** The same bytes as in the file. One piece a frame, so that each leaves in one write. */
async function* growingCluster(
  startMs: number,
  frames: AsyncIterable<Frame>,
  memory: PieceMemory,
): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | undefined = writeClusterStart(startMs);
  for await (const frame of frames) {
    const header = frameHeader(frame, startMs);
    yield memory.join(start ? [start, header, frame.data] : [header, frame.data]);
    start = undefined;
  }
}

/** Nobody waits for it: a disk that refuses is told, and the fragment is looked up before it would be sent again. */
function writeDownLate(context: Pick<OutgoingContext, 'spool' | 'facts'>, record: FragmentRecord, verdict: Verdict) {
  try {
    writeDown(context, record, verdict);
  } catch (error) {
    context.facts.publish({ type: 'spool.failed', cameraId: record.cameraId, error: asAgentError(error) });
  }
}

function writeDown(
  { spool, facts }: Pick<OutgoingContext, 'spool' | 'facts'>,
  record: FragmentRecord,
  verdict: Verdict,
) {
  const { id, cameraId, startMs, endMs } = record;
  if (verdict.type === 'persisted') {
    spool.markPersisted(id, verdict.fragmentNumber);
    facts.publish({ type: 'fragment.persisted', cameraId, startMs, endMs, fragmentNumber: verdict.fragmentNumber });
  } else {
    spool.markRejected(id, verdict.error.message);
    facts.publish({ type: 'fragment.rejected', cameraId, startMs, endMs, error: verdict.error });
  }
}

// Opens a spool: the index is read or made, files and index are brought together, and the parts that share them are made.
import { CameraFootage } from './camera-footage.ts';
import { Changes } from './changes.ts';
import { diskError } from './disk-errors.ts';
import { DiskTrouble } from './disk-trouble.ts';
import { ensureFolder } from './fragment-file.ts';
import { FragmentReader } from './fragment-reader.ts';
import { FragmentStore } from './fragment-store.ts';
import { GrowingFragments } from './growing-fragment.ts';
import { Intake } from './intake.ts';
import { LostSpans } from './lost-spans.ts';
import { RoomMaker } from './make-room.ts';
import { openIndex } from './open-index.ts';
import { Presence } from './presence.ts';
import { ProvisionalRecordings } from './provisional-recordings.ts';
import { type Recovery, recover } from './recovery.ts';
import { RejectedFragments } from './rejected-fragments.ts';
import { finishRetiming } from './retime.ts';
import { SendingStates } from './sending-states.ts';
import type { SpoolIndex } from './spool-index.ts';
import { limitsOf, memoryOf, type SpoolOptions } from './spool-options.ts';
import { historyMs, Upkeep } from './upkeep.ts';
import { WrittenBytes } from './written-bytes.ts';

type Opened = { index: SpoolIndex; recovery: Recovery; room: RoomMaker };

export type SpoolParts = {
  recovery: Recovery;
  index: SpoolIndex;
  store: FragmentStore;
  reader: FragmentReader;
  intake: Intake;
  growing: GrowingFragments;
  sending: SendingStates;
  rejected: RejectedFragments;
  footage: CameraFootage;
  lost: LostSpans;
  presence: Presence;
  provisional: ProvisionalRecordings;
  written: WrittenBytes;
  upkeep: Upkeep;
  changes: Changes;
  trouble: DiskTrouble;
};

/** Rejects with a `disk-…` or `spool-in-use` AgentError. */
export async function openParts(options: SpoolOptions): Promise<SpoolParts> {
  const { dir, clock, facts, provisionalBeforeMs = 0 } = options;
  try {
    await ensureFolder(dir);
    const { index, isNew } = await openIndex(dir, clock.nowMs());
    try {
      await finishRetiming({ dir, index, beforeMs: provisionalBeforeMs });
      const recovery = await recover({ dir, index, isNew, nowMs: clock.nowMs() });
      if (!index.timeShift.hasBefore(provisionalBeforeMs)) index.past.prune(clock.nowMs() - historyMs);
      const room = new RoomMaker({ dir, index, facts, limits: limitsOf(options) });
      await room.keepUnder();
      return putTogether(options, { index, recovery, room });
    } catch (error) {
      index[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    throw diskError(error, dir);
  }
}

function putTogether(options: SpoolOptions, { index, recovery, room }: Opened): SpoolParts {
  const { dir, maxBytes, whenFull = 'delete-oldest', facts, clock, provisionalBeforeMs = 0 } = options;
  const { retentionMs } = limitsOf(options);
  const memory = memoryOf(options);
  const trouble = new DiskTrouble(dir, facts);
  const changes = new Changes();
  const growing = new GrowingFragments();
  const lost = new LostSpans(index);
  const presence = new Presence(index.past, clock);
  const written = new WrittenBytes(index.past, clock);
  const rejected = new RejectedFragments(dir, index);
  const sending = new SendingStates({ index, rejected, changes, trouble });
  const store = new FragmentStore({
    ...{ dir, index, facts, trouble, provisionalBeforeMs, ...(memory ? { memory } : {}) },
    isRetained: cameraId => retentionMs(cameraId) > 0,
    onWritten: bytes => written.add(bytes),
  });
  const reader = new FragmentReader({ dir, index, facts, store, changes });
  const intake = new Intake({
    ...{ dir, maxBytes, whenFull, clock, facts, index, store, reader },
    ...{ room, growing, lost, sending, written, changes, trouble },
  });
  const upkeep = new Upkeep({
    ...{ index, clock, store, room, presence, trouble, provisionalBeforeMs },
    hasMemory: memory !== undefined,
  });
  return {
    ...{ recovery, index, store, reader, intake, growing, sending, rejected },
    ...{ lost, presence, written, upkeep, changes, trouble },
    footage: new CameraFootage({ index, lost, growing, clock }),
    provisional: new ProvisionalRecordings({ dir, index, beforeMs: provisionalBeforeMs, growing, presence, changes }),
  };
}

// One fragment whose file is in the spool, as the index knows it.

/**
 * `waiting`: on disk, synced, not confirmed by the service. `persisted`: confirmed; its file may be deleted at any time.
 * `rejected`: the service refused it for good, `reason` says why. A fragment whose file is gone has no record: what
 * became of it stands in the footage, as `cloud` or as `lost` with the reason.
 */
export type FragmentState = 'waiting' | 'persisted' | 'rejected';

export type FragmentRecord = {
  id: number;
  cameraId: string;
  /** Producer timestamp of the first frame. Unique per camera. */
  startMs: number;
  /** End of the last frame: the next fragment's start when it follows directly, otherwise the last timecode plus one frame duration. */
  endMs: number;
  bytes: number;
  /** Bytes of EBML, Segment and Tracks before the cluster. */
  headerBytes: number;
  frames: number;
  /** Fragments with the same key share tracks and codec private data, and so a PutMedia session. */
  codecKey: string;
  /** Numbers of the tracks that have at least one frame; KVS refuses a fragment without frames for a declared track (4011). */
  trackNumbers: number[];
  state: FragmentState;
  reason?: string;
  /** Given by KVS. 47 decimal digits: does not fit a JavaScript number. */
  fragmentNumber?: string;
  /** Whether sending was ever begun: after a crash such a fragment is looked up before it is sent again. */
  sendBegun: boolean;
};

// What the console and `kvs-edge status` say of one camera.
import type { Sighting } from './sighting.ts';

/** `offline` is a camera that was reached before or never; the problem says why. `refused` needs a change of settings. */
export type CameraState = 'starting' | 'live' | 'offline' | 'refused';

/** A problem in words, with its stable code. */
export type Problem = { code: string; message: string };

export type CameraStatus = {
  id: string;
  stream: string;
  state: CameraState;
  /** Since when the state holds. */
  sinceMs: number;
  problem?: Problem;
  /** When the agent tries again, if it waits to. */
  retryAtMs?: number;
  /** The camera's own clock − the agent's, when the camera tells. The agent does not use it; ONVIF and the time in the picture do. */
  clockOffsetMs?: number;
  /** By the camera's own events; absent while it does not tell. */
  motion?: { active: boolean; sinceMs: number };
  /** Why the camera's events do not come. */
  eventsProblem?: Problem;
  upload: {
    state: 'idle' | 'connecting' | 'uploading' | 'waiting';
    /** Fragments on disk that the service has not confirmed as PERSISTED. */
    waitingFragments: number;
    waitingBytes: number;
    /** Start of the oldest of them. */
    oldestWaitingMs?: number;
    /** Arrival of the last PERSISTED acknowledgement. */
    lastPersistedAckMs?: number;
    /** How far the upload is behind the camera, when it last moved. */
    backlogSeconds?: number;
    /** When it will have caught up at its present pace; absent while it does not. */
    etaSeconds?: number;
    problem?: Problem;
    retryAtMs?: number;
  };
  /** The stream is used as it is, but not as the settings would have made it, or it keeps nothing. */
  streamWarnings?: Problem[];
  /** Seconds of video given up since the index began, because of the size cap or because the service refused it. */
  lostSeconds: number;
  /** Disk trouble: video of this camera is not being kept. */
  diskProblem?: Problem;
  labels: {
    on: boolean;
    everySeconds?: number;
    problem?: Problem;
    /** No picture goes to the provider until then: motion only. */
    paused?: { reason: 'budget' | 'failure'; untilMs: number };
  };
  lastSighting?: Sighting;
  /** Producer timestamp of the newest still. */
  stillAtMs?: number;
};

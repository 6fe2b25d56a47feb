// What `kvs-edge status --json` prints: the agent's answer to the control request `status`. Described in docs/status.md.
import { z } from 'zod';
import type { CamerasAnswer } from './api.ts';
import { budgetSchema } from './budget.ts';
import type { CameraStatus } from './camera-status.ts';
import type { Coverage } from './coverage.ts';
import type { DestinationStatus } from './destination-status.ts';
import { durationWords } from './duration-words.ts';

export type StatusOfCamera = CameraStatus & {
  /** The last 24 hours. */
  coverage: Coverage;
  /** Sentences: what somebody should look at. Empty when all is well. */
  attention: string[];
};

export type AgentStatus = Omit<CamerasAnswer, 'cameras'> & {
  cameras: StatusOfCamera[];
  /** Where alerts go. Left out: nowhere. */
  destinations?: DestinationStatus[];
  /** Of the device as a whole. */
  attention: string[];
};

const problem = z.looseObject({ code: z.string(), message: z.string() });
const ms = z.number();

/** The agent may be of another version than the command that asks: what is needed to show it is checked, the rest kept. */
export const agentStatusSchema = z.looseObject({
  siteName: z.string(),
  nowMs: ms,
  attention: z.array(z.string()),
  credentials: z
    .looseObject({ source: z.string(), expiresAtMs: ms.optional(), problem: z.string().optional() })
    .optional(),
  clock: z
    .looseObject({ trusted: z.boolean(), source: z.string().optional(), offsetMs: z.number().optional() })
    .optional(),
  leaving: z
    .array(z.looseObject({ id: z.string(), waitingFragments: z.number(), waitingBytes: z.number() }))
    .optional(),
  destinations: z
    .array(
      z.looseObject({
        ...{ id: z.string(), kind: z.string(), waiting: z.number(), dead: z.number() },
        ...{ oldestWaitingMs: ms.optional(), lastDeliveredMs: ms.optional() },
      }),
    )
    .optional(),
  budget: budgetSchema.optional(),
  cameras: z.array(
    z.looseObject({
      id: z.string(),
      stream: z.string(),
      state: z.string(),
      sinceMs: ms,
      problem: problem.optional(),
      attention: z.array(z.string()),
      upload: z.looseObject({
        state: z.string(),
        waitingFragments: z.number(),
        waitingBytes: z.number(),
        oldestWaitingMs: ms.optional(),
        lastPersistedAckMs: ms.optional(),
        etaSeconds: z.number().optional(),
      }),
      coverage: z.looseObject({
        fromMs: ms,
        toMs: ms,
        spans: z.array(z.looseObject({ startMs: ms, endMs: ms, at: z.string(), reason: z.string().optional() })),
        totalsMs: z.record(z.string(), z.number()),
      }),
    }),
  ),
});

export type ReadAgentStatus = z.infer<typeof agentStatusSchema>;

/** What of a camera somebody should look at. */
export function attentionOfCamera(camera: CameraStatus, { totalsMs }: Coverage): string[] {
  const { state, problem, upload, diskProblem, eventsProblem, labels, streamWarnings = [] } = camera;
  const sentences: string[] = [];
  if (state === 'offline' || state === 'refused') sentences.push(problem?.message ?? `The camera is ${state}.`);
  if (diskProblem) sentences.push(diskProblem.message);
  if (labels.paused?.reason === 'budget') {
    const until = new Date(labels.paused.untilMs).toISOString().slice(0, 16);
    sentences.push(`Labels are paused until ${until}Z: the pictures of the day are spent. Motion is still noted.`);
  }
  if (eventsProblem && state === 'live') sentences.push(`Its motion events do not come. ${eventsProblem.message}`);
  if (upload.state === 'waiting' && upload.problem) sentences.push(upload.problem.message);
  sentences.push(...streamWarnings.map(({ message }) => message));
  if (totalsMs.lost > 0) sentences.push(`${durationWords(totalsMs.lost)} of video were lost in the last 24 hours.`);
  return sentences;
}

/** What of the device somebody should look at. */
export function attentionOfSite({ credentials, clock }: Pick<CamerasAnswer, 'credentials' | 'clock'>): string[] {
  const sentences: string[] = [];
  if (credentials?.problem !== undefined) sentences.push(credentials.problem);
  if (clock && !clock.trusted) {
    sentences.push("Nobody vouches for this device's clock: video is recorded, and sent once the time is known.");
  }
  return sentences;
}

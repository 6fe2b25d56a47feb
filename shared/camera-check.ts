// What the check of a camera finds: the facts it gathered by really connecting, and what they mean, row by row. Printed by
// `kvs-edge check --json` and answered by POST /api/camera-check. Described in docs/cameras.md.
import { z } from 'zod';

/** In the order they are shown: how it is reached, what it sends and when, and what else it says. */
export const checkSubjects = [
  'reachability',
  'certificate',
  'sign-in',
  'transport',
  'packet-loss',
  'sessions',
  'codec',
  'resolution',
  'frame-rate',
  'bit-rate',
  'key-frames',
  'b-frames',
  'codec-data',
  'audio',
  'timestamps',
  'clock',
  'limits',
  'onvif',
  'streams',
  'encoder',
] as const;

export type CheckSubject = (typeof checkSubjects)[number];

const count = z.int().nonnegative();
const problem = z.object({ code: z.string(), message: z.string() });

const certificateFacts = z.object({
  /** Colon-separated SHA-256. */
  fingerprint: z.string(),
  /** An authority this machine trusts vouches for it. */
  vouchedFor: z.boolean(),
});

const timestampFacts = z.object({
  /** Pictures in a row that have one and the same time, at most. */
  standing: count,
  /** Forward by more than a second that did not pass. */
  jumps: count,
  /** Back, other than for B-frames. */
  backwards: count,
  /** Time that passes by the timestamps for each second that passes; left out when too little was seen. */
  pace: z.number().optional(),
  /** Between the earliest and the latest 5 % of the pictures, by how late they arrive. */
  jitterMs: z.number(),
  /** Share of the pictures whose distance to the one before is off the usual one by more than half of it. */
  irregularPercent: z.number(),
});

const videoFacts = z.object({
  /** As the description names it: H264, H265, JPEG. */
  encoding: z.string(),
  profile: z.string().optional(),
  level: z.string().optional(),
  width: count.optional(),
  height: count.optional(),
  pictures: count,
  seconds: z.number(),
  fps: z.number().optional(),
  /** What the stream itself says its rate is. */
  nominalFps: z.number().optional(),
  kbps: z.number().optional(),
  keyFrames: count,
  /** From key frame to key frame, in the order they came. */
  gopSeconds: z.array(z.number()),
  /** Since the last key frame, or since the beginning when there was none. */
  openGopSeconds: z.number(),
  largestGopBytes: count,
  bFrames: z.boolean(),
  codecData: z.object({ inDescription: z.boolean(), inBand: z.boolean(), changes: count }),
  timestamps: timestampFacts,
});

const streamFacts = z.object({
  connectMs: z.number().optional(),
  certificate: certificateFacts.optional(),
  /** What the camera asks for; left out when it was not reached. */
  signIn: z.enum(['none', 'basic', 'digest']).optional(),
  /** Whether a user name was given. */
  signedIn: z.boolean(),
  tls: z.boolean(),
  transport: z.enum(['tcp', 'udp']).optional(),
  /** Why it could not be read, or not to the end. */
  problem: problem.optional(),
  /** Everything it offers, in its order. */
  media: z.array(z.object({ type: z.string(), encoding: z.string() })),
  video: videoFacts.optional(),
  audio: z.object({ encoding: z.string(), sampleRate: count, channels: count, kbps: z.number() }).optional(),
  packets: z.object({ received: count, lost: count, jitterMs: z.number() }).optional(),
  /** The camera's clock − ours, by its sender reports. */
  clockOffsetMs: z.number().optional(),
  secondSession: z.union([z.literal('allowed'), problem]).optional(),
});

const profileFacts = z.object({
  name: z.string(),
  role: z.enum(['main', 'sub', 'other']),
  codec: z.string().optional(),
  width: count.optional(),
  height: count.optional(),
  fps: z.number().optional(),
  kbps: z.number().optional(),
  /** Pictures from key frame to key frame. */
  gopLength: count.optional(),
  audioCodec: z.string().optional(),
  /** Left out when the camera writes a password into it. */
  url: z.string().optional(),
  /** The one whose stream was read. */
  checked: z.boolean(),
});

const onvifFacts = z.object({
  problem: problem.optional(),
  manufacturer: z.string().optional(),
  model: z.string().optional(),
  firmware: z.string().optional(),
  clockOffsetMs: z.number().optional(),
  profiles: z.array(profileFacts),
});

/** What re-encoding here would cost, measured on this machine with the camera's own pictures; or why that is not known. */
const repairCost = z.union([
  z.object({ percentOfCore: z.number(), realTimeFactor: z.number(), encoder: z.string() }),
  problem,
]);

export const cameraFactsSchema = z.object({
  /** Host and port: the path of some cameras' addresses holds the password. */
  host: z.string(),
  checkedAtMs: z.number(),
  /** The settings that change what is right; those of the camera, or the defaults. */
  settings: z.object({ video: z.enum(['copy', 'transcode']), audio: z.enum(['aac', 'off']) }),
  stream: streamFacts.optional(),
  onvif: onvifFacts.optional(),
  repairCost: repairCost.optional(),
});

export const findingSchema = z.object({
  subject: z.enum(checkSubjects),
  level: z.enum(['green', 'amber', 'red']),
  sentence: z.string(),
  /** What to change, on the camera or in the settings. */
  setting: z.string().optional(),
  /** What was found, in a word or two. */
  value: z.string(),
});

export const cameraCheckSchema = z.object({
  facts: cameraFactsSchema,
  findings: z.array(findingSchema),
  /** Base64 of a JPEG, at most 640 pixels wide and high. */
  still: z.string().optional(),
});

/** What the console asks for: a camera of the settings, an address, or both: then with the stored sign-in, at its own host. */
export const cameraCheckRequestSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^(rtsps?|https?)$/ })
      .max(2048)
      .refine(
        url => !URL.canParse(url) || `${new URL(url).username}${new URL(url).password}` === '',
        'must not hold a user or password',
      )
      .optional(),
    host: z
      .string()
      .max(255)
      .regex(/^(\[[\da-f:.]+\](:\d{1,5})?|[\da-f]*:[\da-f:.]+|[\w.-]+(:\d{1,5})?)$/i)
      .optional(),
    username: z.string().min(1).max(256).optional(),
    password: z.string().max(1024).optional(),
    cameraId: z.string().max(64).optional(),
    tlsFingerprint: z.string().max(128).optional(),
    cost: z.boolean().optional(),
  })
  .refine(({ url, host }) => url === undefined || host === undefined, 'takes url or host, not both')
  .refine(({ url, host, cameraId }) => (url ?? host ?? cameraId) !== undefined, 'needs url, host or cameraId');

export type CameraCheckRequest = z.infer<typeof cameraCheckRequestSchema>;
export type CameraFacts = z.infer<typeof cameraFactsSchema>;
export type StreamFacts = z.infer<typeof streamFacts>;
export type VideoFacts = z.infer<typeof videoFacts>;
export type TimestampFacts = z.infer<typeof timestampFacts>;
export type OnvifFacts = z.infer<typeof onvifFacts>;
export type ProfileFacts = z.infer<typeof profileFacts>;
export type Finding = z.infer<typeof findingSchema>;
export type CameraCheck = z.infer<typeof cameraCheckSchema>;

// Facts of a camera with which everything is right, and others by changing some of them.
import type { CameraFacts, OnvifFacts, ProfileFacts, StreamFacts, VideoFacts } from '../../shared/camera-check.ts';

const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');

const video: VideoFacts = {
  encoding: 'H264',
  profile: 'Main',
  level: '4.0',
  width: 1920,
  height: 1080,
  pictures: 200,
  seconds: 8,
  fps: 25,
  nominalFps: 25,
  kbps: 4000,
  keyFrames: 4,
  gopSeconds: [2, 2, 2],
  openGopSeconds: 1.5,
  largestGopBytes: 1_000_000,
  bFrames: false,
  codecData: { inDescription: true, inBand: true, changes: 0 },
  timestamps: { standing: 0, jumps: 0, backwards: 0, pace: 1, jitterMs: 12, irregularPercent: 0 },
};

const stream: StreamFacts = {
  connectMs: 3,
  certificate: { fingerprint, vouchedFor: true },
  signIn: 'digest',
  signedIn: true,
  tls: true,
  transport: 'tcp',
  media: [
    { type: 'video', encoding: 'H264' },
    { type: 'audio', encoding: 'MPEG4-GENERIC' },
  ],
  video,
  audio: { encoding: 'MPEG4-GENERIC', sampleRate: 48_000, channels: 1, kbps: 64 },
  packets: { received: 4000, lost: 0, jitterMs: 2 },
  clockOffsetMs: 20,
  secondSession: 'allowed',
};

const profile: ProfileFacts = {
  name: 'Profile_1',
  role: 'main',
  codec: 'h264',
  width: 1920,
  height: 1080,
  fps: 25,
  kbps: 4096,
  gopLength: 50,
  url: 'rtsps://10.0.0.20/stream1',
  checked: true,
};

const onvif: OnvifFacts = {
  manufacturer: 'Maker',
  model: 'Eye',
  firmware: '1.2',
  clockOffsetMs: 400,
  profiles: [profile],
};

export type Changes = {
  settings?: Partial<CameraFacts['settings']>;
  stream?: Partial<StreamFacts>;
  video?: Partial<VideoFacts>;
  timestamps?: Partial<VideoFacts['timestamps']>;
  onvif?: Partial<OnvifFacts>;
  profile?: Partial<ProfileFacts>;
  repairCost?: CameraFacts['repairCost'];
};

export function cameraFacts(changes: Changes = {}): CameraFacts {
  const changedVideo = { ...video, ...changes.video, timestamps: { ...video.timestamps, ...changes.timestamps } };
  return {
    host: '10.0.0.20',
    checkedAtMs: Date.UTC(2026, 10, 25),
    settings: { video: 'copy', audio: 'aac', ...changes.settings },
    stream: { ...stream, video: changedVideo, ...changes.stream },
    onvif: { ...onvif, profiles: [{ ...profile, ...changes.profile }], ...changes.onvif },
    ...(changes.repairCost ? { repairCost: changes.repairCost } : {}),
  };
}

/** A stream that ended with this error before anything was seen of it. */
export function failed(code: string, changes: Partial<StreamFacts> = {}): Partial<StreamFacts> {
  const nothing = {
    video: undefined,
    audio: undefined,
    packets: undefined,
    transport: undefined,
    secondSession: undefined,
  };
  return { ...nothing, media: [], problem: { code, message: `It is ${code}.` }, ...changes };
}

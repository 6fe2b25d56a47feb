// The whole check of one camera: facts by really connecting, what they mean, and a picture of it. The one function behind
// `kvs-edge check` and POST /api/camera-check.
import type { CameraCheck, CameraFacts, OnvifFacts } from '../../shared/camera-check.ts';
import type { Clock } from '../clock.ts';
import type { AgentError } from '../errors.ts';
import type { VideoEncoders } from '../repair/video-encoders.ts';
import { type CameraTrouble, cameraError, cameraHost } from '../rtsp/camera-trouble.ts';
import type { StillDecoder } from '../sampler/decode.ts';
import { askOnvif, type OnvifAnswer, problemOf } from './ask-onvif.ts';
import { checkCamera } from './check-camera.ts';
import { findAtHost } from './find-at-host.ts';
import { readStream, type StreamRead, type StreamToRead } from './read-stream.ts';
import { measureRepair } from './repair-cost.ts';

export type CheckTarget =
  /** `onvif`: the address of its device service, when it is known. */
  | { kind: 'stream'; url: string; onvif?: string | undefined }
  /** The camera says itself over ONVIF where its streams are: `host:port`, or the address of its device service. */
  | { kind: 'device'; address: string }
  /** A host alone, whose usual ports are asked. */
  | { kind: 'host'; host: string };

export type CheckRequest = Omit<StreamToRead, 'url'> & {
  target: CheckTarget;
  video: CameraFacts['settings']['video'];
  /** Looking at the stream ends when enough is known, and then at the latest. */
  longestMs: number;
  /** Whether to find out if there is room for a second viewer. */
  sessions: boolean;
  /** Whether to measure what re-encoding here would cost, when it would help. */
  cost: boolean;
};

export type CheckTools = {
  clock: Clock;
  /** 0 ≤ value < 1. */
  random: () => number;
  encoders: VideoEncoders;
  /** Left out: no picture is made. */
  decoder?: StillDecoder | undefined;
  signal: AbortSignal;
};

type Place = { host: string; url?: string | undefined; onvif?: OnvifFacts; trouble?: CameraTrouble };

/** Whatever the camera does ends in findings. Rejects only with the signal's reason. */
export async function examineCamera(request: CheckRequest, tools: CheckTools): Promise<CameraCheck> {
  const { clock, signal } = tools;
  const checkedAtMs = clock.nowMs();
  const { video, audio } = request;
  const { host, url, onvif, trouble = 'unreachable' } = await placeOf(request, tools);
  const read = url === undefined ? undefined : await readStream({ ...request, ...tools, camera: { ...request, url } });
  const facts: CameraFacts = {
    ...{ host, checkedAtMs, settings: { video, audio } },
    ...(read ? { stream: read.facts } : {}),
    ...(onvif ? { onvif } : {}),
  };
  if (!url && !onvif) facts.stream = nothingThere(request, cameraError(trouble, host));
  if (read && request.cost) await measureRepair(facts, read, tools);
  const still = read && (await stillOf(read, tools));
  signal.throwIfAborted();
  return { facts, findings: checkCamera(facts), ...(still === undefined ? {} : { still }) };
}

/** Which stream to look at, and what the camera says of itself. */
async function placeOf(request: CheckRequest, tools: CheckTools): Promise<Place> {
  const { target } = request;
  if (target.kind === 'stream') {
    const place = { host: cameraHost(target.url), url: target.url };
    if (target.onvif === undefined) return place;
    return { ...place, onvif: marked(await ask(target.onvif, request, tools), target.url) };
  }
  if (target.kind === 'device') return atDevice(target.address, request, tools);
  const { onvifUrl, rtspUrl, trouble } = await findAtHost(target.host, tools);
  const found: Place = { host: target.host, url: rtspUrl, trouble };
  if (onvifUrl === undefined) return found;
  const device = await atDevice(onvifUrl, request, tools);
  const refused = device.onvif?.problem?.code === 'camera-denied';
  // A sign-in that was just refused is not tried at the next door.
  return { ...device, host: target.host, url: device.url ?? (refused ? undefined : rtspUrl) };
}

async function atDevice(address: string, request: CheckRequest, tools: CheckTools): Promise<Place> {
  const answer = await ask(address, request, tools);
  const main = answer.facts.profiles.findIndex(({ role }) => role === 'main');
  const index = answer.streamUrls[main] === undefined ? answer.streamUrls.findIndex(url => url !== undefined) : main;
  const url = answer.streamUrls[index];
  const host = URL.canParse(address) && address.includes('://') ? new URL(address).host : address;
  return { host, url, onvif: url === undefined ? answer.facts : marked(answer, url) };
}

function ask(address: string, request: CheckRequest, { clock, random, signal }: CheckTools): Promise<OnvifAnswer> {
  const { username, password, tlsFingerprint } = request;
  return askOnvif({ address, username, password, tlsFingerprint, clock, random, signal });
}

/** The profile whose stream is the one that is looked at. */
function marked({ facts, streamUrls }: OnvifAnswer, url: string): OnvifFacts {
  const pathOf = (text: string) => `${new URL(text).pathname}${new URL(text).search}`;
  const index = streamUrls.findIndex(candidate => candidate !== undefined && pathOf(candidate) === pathOf(url));
  return { ...facts, profiles: facts.profiles.map((profile, at) => ({ ...profile, checked: at === index })) };
}

function nothingThere({ username }: CheckRequest, error: AgentError): NonNullable<CameraFacts['stream']> {
  return { signedIn: username !== undefined, tls: false, media: [], problem: problemOf(error) };
}

/** A picture is a courtesy: without one the findings stand as they are. */
async function stillOf({ clip }: StreamRead, { decoder, signal }: CheckTools): Promise<string | undefined> {
  const [first] = clip?.frames ?? [];
  if (!clip || !first || !decoder) return undefined;
  const still = await decoder.decode({ track: clip.track, data: first.data }, signal).catch(() => undefined);
  return still && Buffer.from(still.jpeg).toString('base64');
}

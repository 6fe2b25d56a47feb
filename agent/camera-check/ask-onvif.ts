// What a camera says of itself over ONVIF: facts, and the address of each of its streams. Signs in once; a camera that
// refuses is not asked again.
import type { OnvifFacts, ProfileFacts } from '../../shared/camera-check.ts';
import type { Clock } from '../clock.ts';
import { printable } from '../discovery/printable.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import { type OnvifDevice, type OnvifProfile, openOnvif } from '../onvif/onvif-device.ts';
import type { Secret } from '../secret.ts';

export type OnvifQuestion = {
  /** Host, host:port, or the whole address of the device service. */
  address: string;
  username?: string | undefined;
  password?: Secret | undefined;
  tlsFingerprint?: string | undefined;
  clock: Clock;
  /** 0 ≤ value < 1. */
  random: () => number;
  signal: AbortSignal;
};

export type OnvifAnswer = {
  facts: OnvifFacts;
  /** In the order of `facts.profiles`; undefined when the camera tells no address for it. */
  streamUrls: (string | undefined)[];
};

/** Recorders have hundreds; a person reads a few. */
const mostProfiles = 12;

/** Rejects only with the signal's reason. */
export async function askOnvif(question: OnvifQuestion): Promise<OnvifAnswer> {
  const { signal } = question;
  const answer: OnvifAnswer = { facts: { profiles: [] }, streamUrls: [] };
  try {
    const device = await openOnvif(question);
    await tellAbout(device, answer, signal);
    await tellStreams(device, answer, question);
  } catch (thrown) {
    signal.throwIfAborted();
    answer.facts.problem = problemOf(asAgentError(thrown));
  }
  return answer;
}

/** Left out by many cameras: only a refused sign-in ends the questions. */
async function tellAbout(device: OnvifDevice, { facts }: OnvifAnswer, signal: AbortSignal): Promise<void> {
  const time = await device.time(signal).catch(passOver(signal));
  if (time) facts.clockOffsetMs = Math.round(time.offsetMs);
  const information = await device.information(signal).catch(passOver(signal));
  for (const name of ['manufacturer', 'model', 'firmware'] as const) {
    const text = information?.[name];
    if (text !== undefined) facts[name] = printable(text);
  }
}

async function tellStreams(
  device: OnvifDevice,
  { facts, streamUrls }: OnvifAnswer,
  { signal, password }: OnvifQuestion,
): Promise<void> {
  const profiles = await device.profiles(signal);
  for (const profile of profiles.slice(0, mostProfiles)) {
    const found = await device.streamUri(profile.token, signal).catch(passOver(signal));
    streamUrls.push(found?.url);
    facts.profiles.push(factsOf(profile, found && shownUrl(found.url, password)));
  }
}

function factsOf({ name, role, video, audioCodec }: OnvifProfile, url: string | undefined): ProfileFacts {
  const numbers = {
    ...{ width: video?.width, height: video?.height, fps: video?.fps },
    ...{ kbps: video?.bitrateKbps, gopLength: video?.gopLength },
  };
  return {
    ...{ name: printable(name), role, checked: false },
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)),
    ...(video ? { codec: video.codec } : {}),
    ...(audioCodec === undefined ? {} : { audioCodec: printable(audioCodec) }),
    ...(url === undefined ? {} : { url }),
  };
}

/** Some cameras write the password into the path or the query of their streams' addresses: those are not shown. */
function shownUrl(url: string, password: Secret | undefined): string | undefined {
  const secret = password?.reveal();
  const holdsIt = secret !== undefined && secret !== '' && [url, decoded(url)].some(text => text.includes(secret));
  return holdsIt || /pass|pwd|\bpw=|user/i.test(url) ? undefined : url;
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

/** `undefined` for what went wrong, but for a refused sign-in and an abort. */
function passOver(signal: AbortSignal) {
  return (thrown: unknown): undefined => {
    signal.throwIfAborted();
    if (asAgentError(thrown).code === 'camera-denied') throw thrown;
    return undefined;
  };
}

export function problemOf({ code, message }: AgentError): { code: string; message: string } {
  return { code, message };
}

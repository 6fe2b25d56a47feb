// `kvs-edge encoder`: how a camera encodes, by ONVIF, and how it should: nothing is changed before whoever asks has agreed to
// what is shown. Most of what `kvs-edge check` finds wrong is mended here without the camera's own web page.
import { createInterface } from 'node:readline/promises';
import { systemClock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { type EncoderChanges, type OnvifDevice, type OnvifProfile, openOnvif } from '../onvif/onvif-device.ts';
import { Secret } from '../secret.ts';
import { options, UsageError, wholeNumber } from './arguments.ts';
import { readPassword } from './ask-password.ts';
import { textTable } from './text-table.ts';

type Encoder = NonNullable<OnvifProfile['video']>;
type Terminal = { print: (text: string) => void; signal: AbortSignal };

const h264Profiles = ['Baseline', 'Main', 'Extended', 'High'] as const;
const usage = {
  operands: ['ADDRESS'] as 'ADDRESS'[],
  optional: [
    ...(['profile', 'gop-seconds', 'kbps', 'fps', 'h264-profile', 'user'] as const),
    ...(['password-env', 'password-file', 'tls-fingerprint'] as const),
  ],
  flags: ['yes'] as 'yes'[],
};

/**
 * Shows the encoders of a device, or changes one. Resolves with 0, or with 3 when the camera did not do as it was asked.
 * Rejects with UsageError, or AgentError of the device or the password.
 */
export async function encoderCommand(args: string[], { print, signal }: Terminal): Promise<number> {
  const read = options(args, usage);
  const device = await openDevice(read, signal);
  const profiles = (await device.profiles(signal)).filter(({ video }) => video !== undefined);
  const fpsWanted = read.fps === undefined ? {} : { fps: wholeNumber('fps', read.fps, { from: 1, to: 120 }) };
  const wanted = { ...fpsWanted, ...readChanges(read) };
  if (Object.keys(wanted).length === 0) {
    print(textTable([heads, ...profiles.map(encoderRow)]));
    return 0;
  }
  const profile = chooseProfile(profiles, read.profile);
  const changes = changesFor(profile, wanted);
  print(`${changeLines(profile, changes)}\n`);
  if (!(read.yes || (await agrees()))) {
    print('Nothing was changed.\n');
    return 0;
  }
  return await change({ device, profile, changes }, { print, signal });
}

type Read = Record<'ADDRESS', string> & Record<(typeof usage.optional)[number], string | undefined>;

async function openDevice(read: Read, signal: AbortSignal): Promise<OnvifDevice> {
  const { ADDRESS: address, user: username, 'tls-fingerprint': tlsFingerprint } = read;
  if (address.includes('@')) throw new UsageError('the address must not hold a user or password: use --user NAME');
  const { 'password-env': variable, 'password-file': file } = read;
  const asked = username !== undefined && variable === undefined && file === undefined;
  const text = await readPassword({ asked, variable, file });
  const password = text === undefined ? undefined : new Secret(text);
  return openOnvif({
    ...{ address, username, password, tlsFingerprint },
    ...{ clock: systemClock, random: Math.random, signal },
  });
}

type Wanted = Omit<EncoderChanges, 'gopLength'> & { gopSeconds?: number };

function readChanges(read: Read): Wanted {
  const gop = read['gop-seconds'];
  const h264Profile = h264Profiles.find(name => name === read['h264-profile']);
  if (read['h264-profile'] !== undefined && !h264Profile)
    throw new UsageError(`--h264-profile takes one of ${h264Profiles.join(', ')}`);
  return {
    ...(gop === undefined ? {} : { gopSeconds: wholeNumber('gop-seconds', gop, { from: 1, to: 20 }) }),
    ...(read.kbps === undefined ? {} : { bitrateKbps: wholeNumber('kbps', read.kbps, { from: 32, to: 100_000 }) }),
    ...(h264Profile ? { h264Profile } : {}),
  };
}

/** The main stream unless another one is named. */
function chooseProfile(profiles: readonly OnvifProfile[], named: string | undefined): OnvifProfile {
  const chosen = named === undefined ? profiles.find(({ role }) => role === 'main') : undefined;
  const profile = chosen ?? profiles.find(({ token, name }) => token === named || name === named);
  if (profile) return profile;
  const known = profiles.map(({ token }) => token).join(', ');
  throw new UsageError(`--profile takes one of ${known || 'none: this device has no video profiles'}`);
}

/** Cameras count key frames in pictures. @throws AgentError when the camera does not say how many it makes a second */
function changesFor({ video }: OnvifProfile, { gopSeconds, ...wanted }: Wanted): EncoderChanges {
  if (gopSeconds === undefined) return wanted;
  const fps = wanted.fps ?? video?.fps;
  if (!fps) {
    throw new AgentError({
      ...{ code: 'camera-answer-invalid', kind: 'invalid', retry: 'never' },
      message: 'The camera does not say how many pictures a second it makes: name them too, with --fps.',
    });
  }
  return { ...wanted, gopLength: Math.round(gopSeconds * fps) };
}

const heads = ['PROFILE', 'NAME', 'STREAM', 'CODEC', 'SIZE', 'FPS', 'KBIT/S', 'KEY FRAME EVERY'];

function encoderRow({ token, name, role, video }: OnvifProfile): string[] {
  const { codec = '', width, height, fps, bitrateKbps, gopLength, profile } = video ?? {};
  const size = width === undefined || height === undefined ? '?' : `${width}x${height}`;
  const every =
    gopLength === undefined
      ? '?'
      : fps
        ? `${gopLength} pictures, ${(gopLength / fps).toFixed(1)} s`
        : `${gopLength} pictures`;
  return [token, name, role, [codec, profile].filter(Boolean).join(' '), size, word(fps), word(bitrateKbps), every];
}

const labels = {
  gopLength: 'key frame every (pictures)',
  bitrateKbps: 'kbit/s',
  fps: 'pictures a second',
  h264Profile: 'H.264 profile',
};
type Change = keyof typeof labels;

function changeLines({ token, video }: OnvifProfile, changes: EncoderChanges): string {
  const rows = changed(changes).map(name => [
    `  ${labels[name]}`,
    word(valueIn(video, name)),
    '→',
    word(changes[name]),
  ]);
  return `Profile ${token} of this camera:\n${textTable(rows)}`;
}

function changed(changes: EncoderChanges): Change[] {
  return (Object.keys(labels) as Change[]).filter(name => changes[name] !== undefined);
}

function valueIn(video: Encoder | undefined, name: Change): string | number | undefined {
  return name === 'h264Profile' ? video?.profile : video?.[name];
}

function word(value: string | number | undefined): string {
  return value === undefined ? '?' : String(value);
}

/** @throws UsageError when nobody is there to be asked */
async function agrees(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('nobody can be asked here: say --yes to change the camera');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question('Change this on the camera? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

type Changing = { device: OnvifDevice; profile: OnvifProfile; changes: EncoderChanges };

/** Some cameras say that all is well and change nothing, or something near it. */
async function change({ device, profile, changes }: Changing, { print, signal }: Terminal): Promise<number> {
  const { after } = await device.setEncoder(profile.token, changes, signal);
  const others = changed(changes).filter(name => valueIn(after, name) !== changes[name]);
  for (const name of others)
    print(`${labels[name]}: asked for ${word(changes[name])}, the camera has ${word(valueIn(after, name))}.\n`);
  print(
    others.length === 0
      ? 'Changed, and the camera says so.\n'
      : 'The camera did not do all of it: use its own web page.\n',
  );
  return others.length === 0 ? 0 : 3;
}

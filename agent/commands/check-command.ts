// `kvs-edge check`: looks at one camera, named by its address or by the settings, and says what is right with it and what to
// change. Its password is asked for, or read from the environment or a file: never from the command line.
import type { CameraCheck } from '../../shared/camera-check.ts';
import { isUnchecked } from '../camera-check/check-camera.ts';
import { type CheckRequest, type CheckTarget, examineCamera } from '../camera-check/examine.ts';
import { findingsText } from '../camera-check/findings-text.ts';
import { systemClock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { VideoEncoders } from '../repair/video-encoders.ts';
import { Secret } from '../secret.ts';
import { loadSettings } from '../settings/load.ts';
import { resolveSecret } from '../settings/secrets.ts';
import { options, UsageError, wholeNumber } from './arguments.ts';
import { readPassword } from './ask-password.ts';

export type CheckArguments = {
  /** URL or HOST; left out with `settingsFile` and `cameraId`. */
  address?: string | undefined;
  settingsFile?: string | undefined;
  cameraId?: string | undefined;
  user?: string | undefined;
  passwordVariable?: string | undefined;
  passwordFile?: string | undefined;
  tlsFingerprint?: string | undefined;
  seconds: number;
  sessions: boolean;
  cost: boolean;
  json: boolean;
};

export type CheckTerminal = { print: (text: string) => void; tell: (text: string) => void; color: boolean };

type WhichCamera = Omit<CheckRequest, 'longestMs' | 'sessions' | 'cost'>;

/** Beyond 20 s without a key frame video is lost: to see whether it is. */
const usualSeconds = 22;
const uncheckedExitCode = 1;
const redExitCode = 3;

/** @throws UsageError */
export function checkOptions(args: string[]): CheckArguments {
  // Before anything of it could be repeated in another sentence.
  if (args.some(holdsPassword)) {
    throw new UsageError(
      'the address must not hold a user or password, which every user of this machine could read: use --user NAME',
    );
  }
  const configured = args.some(word => /^--config(=|$)/.test(word));
  const { ADDRESS: address, ...read } = options(args, {
    operands: configured ? [] : (['ADDRESS'] as 'ADDRESS'[]),
    optional: ['config', 'camera', 'user', 'password-env', 'password-file', 'tls-fingerprint', 'seconds'],
    flags: ['sessions', 'cost', 'json'],
  });
  return {
    ...{ address, settingsFile: read.config, cameraId: read.camera, user: read.user },
    ...{ passwordVariable: read['password-env'], passwordFile: read['password-file'] },
    ...{ tlsFingerprint: read['tls-fingerprint'], sessions: read.sessions, cost: read.cost, json: read.json },
    seconds: wholeNumber('seconds', read.seconds ?? String(usualSeconds), { from: 1, to: 120 }),
  };
}

function holdsPassword(word: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(word);
}

/**
 * Resolves with the exit code: 0 when nothing is red, 3 when something is, 1 when the camera could not be looked at.
 * Rejects with UsageError, or an AgentError for settings and passwords that cannot be read.
 */
export async function checkCommand(
  command: CheckArguments,
  { print, tell, color }: CheckTerminal,
  signal: AbortSignal,
): Promise<number> {
  const camera = await cameraToCheck(command);
  const { seconds, sessions, cost, json } = command;
  if (!json) tell(`Looking for 8 s, and up to ${seconds} s when key frames are far apart …\n`);
  const tools = {
    clock: systemClock,
    random: Math.random,
    encoders: new VideoEncoders({ clock: systemClock }),
    signal,
  };
  const check = await examineCamera({ ...camera, longestMs: seconds * 1000, sessions, cost }, tools);
  print(json ? `${JSON.stringify(check)}\n` : findingsText(check.findings, { host: check.facts.host, color }));
  return exitCodeOf(check);
}

function exitCodeOf({ facts, findings }: CameraCheck): number {
  if (isUnchecked(facts)) return uncheckedExitCode;
  return findings.some(({ level }) => level === 'red') ? redExitCode : 0;
}

async function cameraToCheck(command: CheckArguments): Promise<WhichCamera> {
  const { address, settingsFile, cameraId } = command;
  if (address !== undefined) return await namedCamera(targetOf(address), command);
  const { user, passwordVariable, passwordFile, tlsFingerprint } = command;
  if (settingsFile === undefined || cameraId === undefined)
    throw new UsageError('check takes an address, or --config and --camera');
  if ([user, passwordVariable, passwordFile, tlsFingerprint].some(option => option !== undefined))
    throw new UsageError('with --config the sign-in is that of the settings');
  return await configuredCamera(settingsFile, cameraId);
}

function targetOf(address: string): CheckTarget {
  const { protocol } = URL.canParse(address) && address.includes('://') ? new URL(address) : { protocol: '' };
  if (protocol === 'rtsp:' || protocol === 'rtsps:') return { kind: 'stream', url: address };
  if (protocol === 'http:' || protocol === 'https:') return { kind: 'device', address };
  if (/^(\[[\da-f:.%\w]+\]|[\w.-]+):\d{1,5}$/i.test(address)) return { kind: 'device', address };
  if (/^(\[?[\da-f:.]*:[\da-f:.%\w]*\]?|[\w.-]+)$/i.test(address)) return { kind: 'host', host: address };
  throw new UsageError('ADDRESS is a host, host:port, or begins with rtsp://, rtsps://, http:// or https://');
}

async function namedCamera(target: CheckTarget, command: CheckArguments): Promise<WhichCamera> {
  const { user, passwordVariable, passwordFile, tlsFingerprint } = command;
  if (user === undefined && (passwordVariable ?? passwordFile) !== undefined)
    throw new UsageError('a password needs --user NAME beside it');
  const asked = user !== undefined && passwordVariable === undefined && passwordFile === undefined;
  const password = await readPassword({ asked, variable: passwordVariable, file: passwordFile });
  const secret = password === undefined ? undefined : new Secret(password);
  return { target, username: user, password: secret, tlsFingerprint, video: 'copy', audio: 'aac' };
}

/** Rejects with `settings-…`, and `camera-unknown` when the file has no such camera. */
async function configuredCamera(settingsFile: string, cameraId: string): Promise<WhichCamera> {
  const { cameras } = await loadSettings(settingsFile);
  const index = cameras.findIndex(({ id }) => id === cameraId);
  const camera = cameras[index];
  if (!camera) throw unknownCamera(cameraId);
  const { url, onvif, username, password, tlsFingerprint, transport, video, audio } = camera;
  if (!/^rtsps?:/i.test(url)) throw notRtsp(cameraId);
  const secret = password && (await resolveSecret(password, { key: `cameras[${index}].password` }));
  const target = { kind: 'stream', url, onvif: onvif?.url } as const;
  return { target, username, password: secret, tlsFingerprint, transport, video, audio };
}

function notRtsp(cameraId: string): AgentError {
  return new AgentError({
    code: 'camera-not-rtsp',
    kind: 'invalid',
    retry: 'never',
    message: `Camera ${cameraId} is not read over RTSP: only rtsp:// and rtsps:// cameras can be checked.`,
  });
}

function unknownCamera(cameraId: string): AgentError {
  return new AgentError({
    code: 'camera-unknown',
    kind: 'invalid',
    retry: 'never',
    message: `The settings have no camera with the id ${cameraId}.`,
  });
}

// Checks that are asked for over the network: which cameras may be looked at so, with whose password, and for how long.
// A name is resolved once, and the address that was found good is the one that is connected to.
import { isIP } from 'node:net';
import type { CameraCheck, CameraCheckRequest } from '../../shared/camera-check.ts';
import type { CameraSettings } from '../../shared/camera-settings.ts';
import { isNearby } from '../discovery/address-rules.ts';
import { resolveHost } from '../discovery/resolve-host.ts';
import { Secret } from '../secret.ts';
import { type CheckRequest, type CheckTarget, type CheckTools, examineCamera } from './examine.ts';

/** A camera of the settings, its password looked up. */
export type ConfiguredCamera = Pick<
  CameraSettings,
  'id' | 'url' | 'username' | 'tlsFingerprint' | 'transport' | 'video' | 'audio' | 'onvif'
> & { password?: Secret | undefined };

export type ConsoleChecksOptions = Omit<CheckTools, 'signal'> & {
  /** Those of the settings, as they are now. */
  cameras: () => readonly ConfiguredCamera[];
};

/** `address`: it may not be looked at; `password`: it is not sent there; `camera`: there is none; `time`: it took too long. */
export type CheckOutcome = { check: CameraCheck } | { refused: 'address' | 'password' | 'camera' | 'time' };

const longestLookMs = 22_000;
const deadlineMs = 90_000;

export class ConsoleChecks {
  readonly #options: ConsoleChecksOptions;

  constructor(options: ConsoleChecksOptions) {
    this.#options = options;
  }

  /** Rejects with the signal's reason. */
  async check(asked: CameraCheckRequest, signal: AbortSignal): Promise<CheckOutcome> {
    const request = await this.#requestFor(asked);
    if ('refused' in request) return request;
    const late = new AbortController();
    const cancel = this.#options.clock.after(deadlineMs, () => late.abort());
    try {
      const tools = { ...this.#options, signal: AbortSignal.any([signal, late.signal]) };
      return { check: await examineCamera(request, tools) };
    } catch (thrown) {
      signal.throwIfAborted();
      if (late.signal.aborted) return { refused: 'time' };
      throw thrown;
    } finally {
      cancel();
    }
  }

  async #requestFor(asked: CameraCheckRequest): Promise<CheckRequest | Extract<CheckOutcome, { refused: string }>> {
    const { cameraId, url, host, username, password, tlsFingerprint, cost = false } = asked;
    const known = this.#options.cameras().find(({ id }) => id === cameraId);
    if (cameraId !== undefined && !known) return { refused: 'camera' };
    const named = url === undefined && host === undefined ? known && targetOf(known) : targetNamed(url, host);
    const target = named && (await this.#allowed(named));
    if (!target || !isCheckable(target)) return { refused: 'address' };
    const isOwn = known !== undefined && hostOf(targetOf(known)) === hostOf(named);
    if (known?.password && password === undefined && !isOwn) return { refused: 'password' };
    const { video = 'copy', audio = 'aac', transport } = known ?? {};
    const signIn =
      password === undefined && isOwn
        ? { username: known.username, password: known.password }
        : { username, password: password === undefined ? undefined : new Secret(password) };
    const trust = { tlsFingerprint: tlsFingerprint ?? (isOwn ? known.tlsFingerprint : undefined) };
    const look = { longestMs: longestLookMs, sessions: false, cost };
    return { target, ...signIn, ...trust, transport, video, audio, ...look };
  }

  /** With the address in place of the name. Undefined when it may not be looked at. */
  async #allowed(target: CheckTarget): Promise<CheckTarget | undefined> {
    const host = hostOf(target);
    const configured = this.#options.cameras().map(camera => hostOf(targetOf(camera)));
    if (configured.includes(host)) return target;
    const addresses = await resolveHost(host, this.#options.clock);
    const [address] = addresses;
    if (address === undefined || !addresses.every(isNearby)) return undefined;
    return withHost(target, isIP(address) === 6 ? `[${address}]` : address);
  }
}

function targetOf({ url, onvif }: ConfiguredCamera): CheckTarget {
  return { kind: 'stream', url, onvif: onvif?.url };
}

/** Not files, boards' own cameras, and what HTTP serves. */
function isCheckable(target: CheckTarget): boolean {
  return target.kind !== 'stream' || /^rtsps?:/i.test(target.url);
}

/** The schema has seen to it that they are addresses. */
function targetNamed(url: string | undefined, host: string | undefined): CheckTarget | undefined {
  if (url !== undefined) return /^https?:/i.test(url) ? { kind: 'device', address: url } : { kind: 'stream', url };
  if (host === undefined) return undefined;
  return /^(\[.*\]|[^:]*):\d+$/.test(host) ? { kind: 'device', address: `http://${host}` } : { kind: 'host', host };
}

/** Without brackets. */
function hostOf(target: CheckTarget | undefined): string {
  if (!target) return '';
  if (target.kind === 'host') return target.host.replace(/^\[|\]$/g, '').toLowerCase();
  return new URL(target.kind === 'stream' ? target.url : target.address).hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

function withHost(target: CheckTarget, host: string): CheckTarget {
  if (target.kind === 'host') return { kind: 'host', host };
  if (target.kind === 'device') return { kind: 'device', address: moved(target.address, host) };
  return { kind: 'stream', url: moved(target.url, host) };
}

function moved(text: string, host: string): string {
  const url = new URL(text);
  const port = url.port === '' ? '' : `:${url.port}`;
  return `${url.protocol}//${host}${port}${url.pathname}${url.search}`;
}

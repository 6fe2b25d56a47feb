// Passes HLS sessions of the embedded server on this machine to browsers on other machines, which cannot reach it.
// Only files that an HLS session consists of, only with a session token, only from that one server: this must never
// become a way into whatever else listens on this machine.
import { isLoopbackHost } from '../../shared/loopback-host.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';

/** Content types by name, not as the other side says: an answer from here counts as the console's own. */
const contentTypes: Record<string, string> = {
  'getHLSMasterPlaylist.m3u8': 'application/vnd.apple.mpegurl',
  'getHLSMediaPlaylist.m3u8': 'application/vnd.apple.mpegurl',
  'getMP4InitFragment.mp4': 'video/mp4',
  'getMP4MediaFragment.mp4': 'video/mp4',
  'getTSFragment.ts': 'video/mp2t',
};
const parameters = new Set(['SessionToken', 'TrackNumber', 'SequenceNumber', 'FragmentNumber']);
const parameterValue = /^[A-Za-z0-9._~=+/-]{1,2048}$/;
const folder = '/hls/v1/';
const answerTimeoutMs = 15_000;

export type HlsRelayOptions = {
  /** As in the settings; left out or not on this machine: nothing is relayed. */
  endpoint: string | undefined;
  /** Where the relay is mounted on the console's server, with a slash at its end. */
  mount: string;
  clock: Clock;
};

export class HlsRelay {
  readonly #origin: URL | undefined;
  readonly #options: HlsRelayOptions;

  constructor(options: HlsRelayOptions) {
    this.#options = options;
    const endpoint = options.endpoint === undefined ? undefined : new URL(options.endpoint);
    if (endpoint && isLoopbackHost(endpoint.hostname)) this.#origin = new URL(endpoint.origin);
  }

  /** The session's path on the console's server; `undefined` when it is not a session of the embedded server. */
  pathFor(sessionUrl: string): string | undefined {
    const { hostname, port, protocol, pathname, search } = new URL(sessionUrl);
    const origin = this.#origin;
    if (!origin || !isLoopbackHost(hostname) || port !== origin.port || protocol !== origin.protocol) return undefined;
    const file = pathname.slice(folder.length);
    if (!pathname.startsWith(folder) || !Object.hasOwn(contentTypes, file)) return undefined;
    return `${this.#options.mount}${file}${search}`;
  }

  /**
   * `undefined` when this is no address of an HLS session. The body is passed on as it comes; aborting the signal ends
   * it. Throws AgentError `service-unreachable`.
   */
  async fetch(file: string, query: string, signal: AbortSignal) {
    const contentType = Object.hasOwn(contentTypes, file) ? contentTypes[file] : undefined;
    const checked = checkedQuery(query);
    if (!this.#origin || contentType === undefined || checked === undefined) return undefined;
    const silence = new AbortController();
    const stopWaiting = this.#options.clock.after(answerTimeoutMs, () => silence.abort());
    try {
      const { status, body } = await fetch(new URL(`${folder}${file}?${checked}`, this.#origin), {
        redirect: 'error',
        signal: AbortSignal.any([signal, silence.signal]),
      });
      return { status, contentType, body };
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(error);
    } finally {
      stopWaiting();
    }
  }
}

function checkedQuery(query: string): URLSearchParams | undefined {
  const search = new URLSearchParams(query);
  const known = [...search].every(([name, value]) => parameters.has(name) && parameterValue.test(value));
  return known && search.has('SessionToken') ? search : undefined;
}

function unreachable(cause: unknown): AgentError {
  return new AgentError({
    code: 'service-unreachable',
    kind: 'unavailable',
    retry: 'now',
    message: 'The video server on the agent’s machine does not answer: check that local-cloud runs at aws.endpoint.',
    cause,
  });
}

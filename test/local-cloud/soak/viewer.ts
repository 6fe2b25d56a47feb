// A viewer as hls.js is one: opens a session, reads the master playlist, asks for the media playlist once a target
// duration, and fetches the init segment and every fragment that is listed, once, over one kept connection.
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { GetHLSStreamingSessionURLCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { archiveClient } from '../control-cloud.ts';
import { type ReadPlaylist, readPlaylist, type Segment } from './playlist.ts';
import { type WatchFaults, Watching } from './watching.ts';

export type ViewerReport = WatchFaults & {
  fragments: number;
  bytes: number;
  /** Answers other than 200, and init segments or fragments without content. */
  failures: string[];
  playlistMs: number[];
  /** To the last byte. */
  fragmentMs: number[];
};

export type ViewerOptions = { url: string; stream: string; digests: readonly string[]; seconds: number };

const sessionSeconds = 43_200;

export class Viewer {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #watching: Watching;
  readonly #options: ViewerOptions;
  readonly #report = {
    fragments: 0,
    bytes: 0,
    failures: [] as string[],
    playlistMs: [] as number[],
    fragmentMs: [] as number[],
  };
  #initUri = '';

  private constructor(options: ViewerOptions) {
    this.#options = options;
    this.#watching = new Watching(options.digests);
  }

  /** Watches for so many seconds. */
  static async watch(options: ViewerOptions): Promise<ViewerReport> {
    const viewer = new Viewer(options);
    try {
      await viewer.#watch(performance.now() + options.seconds * 1000);
    } finally {
      viewer.#agent.destroy();
    }
    return { ...viewer.#report, ...viewer.#watching.faults };
  }

  async #watch(endMs: number): Promise<void> {
    const playlistUrl = await this.#open();
    for (let last = -1; ; ) {
      const startMs = performance.now();
      const playlist = await this.#playlist(playlistUrl);
      for (const segment of this.#watching.listed(playlist))
        await this.#fetch(new URL(segment.uri, playlistUrl), segment);
      // RFC 8216: after a target duration, or half of it when nothing was new.
      const newest = playlist.segments.at(-1)?.sequence ?? -1;
      const waitMs = playlist.targetSeconds * (newest === last ? 500 : 1000);
      last = newest;
      if (startMs + waitMs >= endMs) return;
      await delay(Math.max(0, startMs + waitMs - performance.now()));
    }
  }

  async #open(): Promise<URL> {
    const { url, stream: StreamName } = this.#options;
    const command = new GetHLSStreamingSessionURLCommand({
      ...{ StreamName, PlaybackMode: 'LIVE', Expires: sessionSeconds },
      HLSFragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP' },
    });
    const { HLSStreamingSessionURL } = await archiveClient(url).send(command);
    const masterUrl = new URL(HLSStreamingSessionURL ?? '');
    const master = await this.#get(masterUrl);
    const uri = master
      .toString('utf8')
      .split('\n')
      .find(line => line !== '' && !line.startsWith('#'));
    return new URL(uri ?? '', masterUrl);
  }

  async #playlist(url: URL): Promise<ReadPlaylist> {
    const startMs = performance.now();
    const body = await this.#get(url);
    this.#report.playlistMs.push(performance.now() - startMs);
    return readPlaylist(body.toString('utf8'));
  }

  async #fetch(url: URL, segment: Segment): Promise<void> {
    if (segment.initUri !== this.#initUri) {
      const init = await this.#get(new URL(segment.initUri, url));
      if (init.length === 0) this.#report.failures.push('an empty init segment');
      this.#initUri = segment.initUri;
    }
    const startMs = performance.now();
    const bytes = await this.#get(url);
    const nowMs = performance.now();
    this.#report.fragmentMs.push(nowMs - startMs);
    this.#report.fragments++;
    this.#report.bytes += bytes.length;
    this.#watching.fetched(segment, bytes, nowMs);
  }

  async #get(url: URL): Promise<Buffer> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { agent: this.#agent }, resolve).on('error', reject);
    });
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(piece);
    const body = Buffer.concat(pieces);
    if (response.statusCode !== 200) this.#report.failures.push(`${response.statusCode} ${body.toString('utf8')}`);
    return body;
  }
}

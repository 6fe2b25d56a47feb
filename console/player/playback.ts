// Plays one camera in one video element: asks the agent for an HLS session, hands it to hls.js, and recovers. A session
// that expired or was pushed out is opened again at the same second, once and silently; after that the viewer is told.
// Live without video keeps trying quietly, because the camera may come back any moment.
import { batch, signal } from '@preact/signals';
import type Hls from 'hls.js';
import type { ErrorData } from 'hls.js';
import type { Problem } from '../../shared/camera-status.ts';
import { ApiFailure, openPlayback } from '../link/agent-api.ts';
import { agentNowMs } from '../link/agent-clock.ts';
import { problemOf } from '../link/use-answer.ts';
import { endOf, positionOf, windowAround } from './playback-window.ts';

export type PlayTarget = { mode: 'live' } | { mode: 'on-demand'; atMs: number };

export type PlaybackState =
  | { at: 'opening' }
  | { at: 'playing' }
  | { at: 'paused' }
  /** The browser wants a click first. */
  | { at: 'blocked' }
  /** Live, but there is no video now; or a moment so recent that it is still being uploaded. Tried again at `retryAtMs`. */
  | { at: 'waiting'; problem: Problem; retryAtMs: number }
  /** No video at the chosen time. */
  | { at: 'empty'; atMs: number }
  | { at: 'failed'; problem: Problem };

const RETRY_MS = 5000;
/** Video younger than this may not have reached the service yet. */
const STILL_UPLOADING_MS = 60_000;
/** A second loss sooner than this after reopening is no accident any more. */
const REOPEN_PATIENCE_MS = 15_000;
/** Closer than this to now, going on means going live. */
const NEAR_LIVE_MS = 30_000;
/** Listed durations are rounded; this is safely past the last frame, so that its end is not played over and over. */
const BEYOND_MS = 100;

export class Playback {
  readonly state = signal<PlaybackState>({ at: 'opening' });
  readonly target = signal<PlayTarget>({ mode: 'live' });
  /** Wall time (producer timestamp) of what is on the screen. */
  readonly playingMs = signal<number | undefined>(undefined);

  readonly #cameraId: string;
  readonly #video: HTMLVideoElement;
  readonly #listeners = new AbortController();
  #hls: Hls | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Counts the calls of `open`, so that an answer which was overtaken is dropped. */
  #round = 0;
  #reopenedAtMs = Number.NEGATIVE_INFINITY;
  #recoveredMedia = false;
  /** Where the window that was asked for ends. */
  #endMs: number | undefined;

  constructor(cameraId: string, video: HTMLVideoElement) {
    this.#cameraId = cameraId;
    this.#video = video;
    const options = { signal: this.#listeners.signal };
    video.addEventListener('playing', () => this.#become('playing'), options);
    video.addEventListener('pause', () => this.#become('paused'), options);
    video.addEventListener('ended', () => this.#goOn(), options);
  }

  /** Starts to play `target`; what was playing ends. */
  open(target: PlayTarget): void {
    this.#reopenedAtMs = Number.NEGATIVE_INFINITY;
    void this.#open(target);
  }

  /** Wall time of the frame with this media time; undefined while hls.js cannot tell. */
  wallTimeMs(mediaTime: number): number | undefined {
    const playing = this.#hls?.playingDate;
    return playing ? playing.getTime() + (mediaTime - this.#video.currentTime) * 1000 : undefined;
  }

  toggle(): void {
    if (this.#video.paused) void this.#play();
    else this.#video.pause();
  }

  /** Moves within what is at hand. False when that moment has to be asked for. */
  seekTo(atMs: number): boolean {
    const at = this.wallTimeMs(this.#video.currentTime);
    if (at === undefined) return false;
    const position = this.#video.currentTime + (atMs - at) / 1000;
    const { seekable } = this.#video;
    for (let range = 0; range < seekable.length; range++) {
      if (position < seekable.start(range) || position > seekable.end(range)) continue;
      this.#video.currentTime = position;
      return true;
    }
    return false;
  }

  dispose(): void {
    this.#round += 1;
    this.#listeners.abort();
    this.#close();
  }

  async #open(target: PlayTarget): Promise<void> {
    this.#close();
    const round = ++this.#round;
    batch(() => {
      this.target.value = target;
      this.state.value = { at: 'opening' };
    });
    try {
      const request = target.mode === 'live' ? { mode: 'LIVE' as const } : windowAround(target.atMs, agentNowMs());
      const [{ url }, { default: HlsPlayer }] = await Promise.all([
        openPlayback(this.#cameraId, request),
        loadPlayer(),
      ]);
      if (round !== this.#round) return;
      // Not the browser's own HLS first: Chromium's refuses the service's playlists.
      if (HlsPlayer.isSupported()) this.#attach(HlsPlayer, url, target);
      else this.#fail({ code: 'player-unsupported', message: 'This browser cannot play the stream.' });
    } catch (error) {
      if (round === this.#round) this.#refused(error, target);
    }
  }

  #attach(HlsPlayer: typeof Hls, url: string, target: PlayTarget): void {
    const { Events } = HlsPlayer;
    // The service serves fMP4, so there is nothing to transmux, and a worker from a blob: URL would break the page's CSP.
    const hls = new HlsPlayer({ enableWorker: false, backBufferLength: 90 });
    this.#hls = hls;
    this.#recoveredMedia = false;
    hls.on(Events.ERROR, (_event, data) => {
      if (data.fatal) this.#lost(HlsPlayer, data);
    });
    let startAt: number | undefined;
    if (target.mode === 'on-demand') {
      hls.once(Events.LEVEL_LOADED, (_event, { details }) => {
        startAt = positionOf(target.atMs, details.fragments);
        this.#endMs = endOf(details.fragments);
        if (startAt === undefined) this.#nothingThere(target.atMs);
      });
    }
    // A seek, because `startLoad(position)` this early races with hls.js's own start and may leave it hanging.
    hls.once(Events.FRAG_BUFFERED, () => {
      if (startAt !== undefined) this.#video.currentTime = startAt;
      void this.#play();
    });
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  async #play(): Promise<void> {
    try {
      await this.#video.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.state.value = { at: 'blocked' };
    }
  }

  /** hls.js gave up: repair the decoder once, say what cannot be played, or open the session again. */
  #lost(HlsPlayer: typeof Hls, data: ErrorData): void {
    const { ErrorDetails, ErrorTypes } = HlsPlayer;
    const codec: string[] = [ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR, ErrorDetails.BUFFER_ADD_CODEC_ERROR];
    if (codec.includes(data.details)) {
      this.#fail({ code: 'codec-unsupported', message: 'This browser cannot decode the camera’s video.' });
    } else if (data.type === ErrorTypes.MEDIA_ERROR && !this.#recoveredMedia) {
      this.#recoveredMedia = true;
      this.#hls?.recoverMediaError();
    } else if (data.type === ErrorTypes.MEDIA_ERROR) {
      this.#fail({ code: 'media-failed', message: `The video could not be played (${data.details}).` });
    } else {
      this.#reopen();
    }
  }

  #reopen(): void {
    const now = agentNowMs();
    const patience = now - this.#reopenedAtMs < REOPEN_PATIENCE_MS;
    this.#reopenedAtMs = now;
    const target = this.target.peek();
    const problem = { code: 'session-lost', message: 'The service ended the playback.' };
    if (!patience) void this.#open(this.#sameSecond(target));
    else if (target.mode === 'live') this.#wait(problem);
    else this.#fail(problem);
  }

  #sameSecond(target: PlayTarget): PlayTarget {
    if (target.mode === 'live') return target;
    return { mode: 'on-demand', atMs: this.playingMs.peek() ?? target.atMs };
  }

  /** The end of the window that was asked for: the next one, or live when there is hardly anything left. */
  #goOn(): void {
    if (this.#endMs === undefined) return;
    const nearLive = agentNowMs() - this.#endMs < NEAR_LIVE_MS;
    void this.#open(nearLive ? { mode: 'live' } : { mode: 'on-demand', atMs: this.#endMs + BEYOND_MS });
  }

  #refused(error: unknown, target: PlayTarget): void {
    const missing = error instanceof ApiFailure && error.status === 404;
    if (target.mode === 'live') this.#wait(problemOf(error));
    else if (missing) this.#nothingThere(target.atMs);
    else this.#fail(problemOf(error));
  }

  #wait(problem: Problem): void {
    this.#close();
    this.state.value = { at: 'waiting', problem, retryAtMs: agentNowMs() + RETRY_MS };
    this.#retry = setTimeout(() => void this.#open(this.target.peek()), RETRY_MS);
  }

  #nothingThere(atMs: number): void {
    if (agentNowMs() - atMs < STILL_UPLOADING_MS) {
      this.#wait({ code: 'not-uploaded-yet', message: 'This moment is still being uploaded.' });
      return;
    }
    this.#close();
    this.state.value = { at: 'empty', atMs };
  }

  #fail(problem: Problem): void {
    this.#close();
    this.state.value = { at: 'failed', problem };
  }

  #become(at: 'playing' | 'paused'): void {
    // Closing a session pauses the element too; that is not the viewer's pause.
    if (this.#hls && !this.#video.ended) this.state.value = { at };
  }

  #close(): void {
    clearTimeout(this.#retry);
    const hls = this.#hls;
    this.#hls = undefined;
    hls?.destroy();
    this.playingMs.value = undefined;
  }
}

async function loadPlayer(): Promise<{ default: typeof Hls }> {
  try {
    return await import('hls.js');
  } catch {
    throw new ApiFailure(0, 'player-unloaded', 'The player could not be loaded.');
  }
}

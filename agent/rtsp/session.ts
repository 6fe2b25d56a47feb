// One RTSP session: DESCRIBE, SETUP of the tracks that are wanted, PLAY, and kept alive until it ends. Packets are handed on
// as they come, each with the number of its track; what is in them is for agent/rtp.
import { AgentError } from '../errors.ts';
import { cameraError } from './camera-trouble.ts';
import { describe, type SessionOptions, type SessionSetup, type SessionTrack } from './session-setup.ts';

const minKeepAliveMs = 2_000;
const maxKeepAliveMs = 30_000;

export class RtspSession implements Disposable {
  /** Resolves with the reason when the session has ended. Never rejects. */
  readonly ended: Promise<AgentError>;
  readonly transport: 'tcp' | 'udp';
  readonly tracks: SessionTrack[];
  readonly #setup: SessionSetup;
  readonly #end: (reason: AgentError) => void;
  #cancelKeepAlive: () => void = () => undefined;

  private constructor(setup: SessionSetup, tracks: SessionTrack[]) {
    const { promise, resolve } = Promise.withResolvers<AgentError>();
    this.#setup = setup;
    this.#end = resolve;
    this.ended = promise;
    this.transport = setup.transport;
    this.tracks = tracks;
    void setup.connection.ended.then(reason => this.#finish(reason));
    this.#keepAlive();
  }

  /** Resolves when the camera plays. @throws AgentError with a `camera-…` code; or the signal's reason */
  static async open(options: SessionOptions): Promise<RtspSession> {
    const { signal } = options;
    let setup: SessionSetup | undefined;
    const abort = () => setup?.[Symbol.dispose]();
    try {
      setup = await describe(options);
      signal.throwIfAborted();
      signal.addEventListener('abort', abort, { once: true });
      await setup.setUpTracks();
      return new RtspSession(setup, await setup.play());
    } catch (error) {
      setup?.[Symbol.dispose]();
      if (signal.aborted) throw signal.reason;
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  pause(): void {
    this.#setup.connection.pause();
  }

  resume(): void {
    this.#setup.connection.resume();
  }

  sendRtcp(track: number, data: Uint8Array): void {
    this.#setup.sendRtcp(track, data);
  }

  /** Tells the camera, which has room for few viewers, and ends. */
  [Symbol.dispose](): void {
    this.#setup.tearDown();
    this.#finish(cameraError('ended', this.#setup.connection.address.host));
  }

  #keepAlive(): void {
    const { clock, session } = this.#setup;
    const everyMs = Math.min(maxKeepAliveMs, Math.max(minKeepAliveMs, session.timeoutMs / 2));
    this.#cancelKeepAlive = clock.after(everyMs, () => {
      void this.#sayAlive().then(alive => {
        if (alive) this.#keepAlive();
      });
    });
  }

  /** Some cameras do not answer while they play, or with an error: only "no such session" means that it is over. */
  async #sayAlive(): Promise<boolean> {
    const { connection } = this.#setup;
    try {
      const { status } = await this.#setup.sayAlive();
      if (status !== 454) return true;
    } catch (error) {
      if (error instanceof AgentError && error.code === 'camera-stalled') return true;
    }
    this.#setup[Symbol.dispose]();
    this.#finish(cameraError('ended', connection.address.host));
    return false;
  }

  #finish(reason: AgentError): void {
    this.#cancelKeepAlive();
    this.#setup[Symbol.dispose]();
    this.#end(reason);
  }
}

// The cameras that run. Each has four lines side by side, and none of them can stop another: ingest (source → fragmenter →
// spool), upload (spool → KVS), analysis (spool → labels → alerts) and the camera's own events. The fleet follows the settings: a camera that did not
// change is not touched, one that changed begins anew only what it must, and one that was removed stops recording while its
// uploader goes on until nothing of it waits.
import { aborted } from './aborted.ts';
import { listen } from './camera-events.ts';
import { analyse, ingest } from './camera-lines.ts';
import { asAgentError } from './errors.ts';
import type { AgentParts } from './parts.ts';
import { type CameraLine, type FleetCamera, fleetChanges } from './settings/fleet-changes.ts';
import { type KnownStream, readKnownStreams, writeKnownStreams } from './uploader/known-streams.ts';
import { runUploader, type UploaderOptions } from './uploader/uploader.ts';

export type FleetOptions = {
  shared: AgentParts;
  /** What the uploaders of all cameras share. */
  uploading: Omit<UploaderOptions, 'camera' | 'signal'>;
};

/** Cameras that begin together open their connections within this time. */
const spreadMs = 1_500;
const longestStepMs = 100;
/** How soon it is noticed that nothing of a removed camera waits any more. */
const drainedEveryMs = 1_000;

/** When each of `count` cameras that begin together opens its connection: one at once, many spread evenly. Pure. */
export function startDelaysMs(count: number): number[] {
  const stepMs = Math.min(longestStepMs, spreadMs / Math.max(1, count - 1));
  return Array.from({ length: count }, (_, place) => Math.round(place * stepMs));
}

type Running = { camera: FleetCamera; lines: Record<CameraLine, Line> };
type Leaving = { camera: KnownStream; upload: Line };

export class Fleet {
  readonly #options: FleetOptions;
  readonly #running = new Map<string, Running>();
  readonly #leaving = new Map<string, Leaving>();
  readonly #failed = Promise.withResolvers<never>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Runs the cameras of the settings until the agent's signal aborts and every line has ended. Rejects only for a bug. */
  async run(): Promise<void> {
    const { live, signal } = this.#options.shared;
    this.#turn = this.#resume();
    await this.follow(live.cameras());
    await Promise.race([this.#failed.promise, aborted(signal)]);
    await this.#turn;
    const lines = [...this.#running.values()].flatMap(({ lines }) => Object.values(lines));
    await Promise.all([...lines, ...[...this.#leaving.values()].map(({ upload }) => upload)].map(line => line.end()));
  }

  /** From now on these are the cameras. Resolves when the lines that had to end have ended, and the new ones have begun. */
  follow(cameras: readonly FleetCamera[]): Promise<void> {
    this.#turn = this.#turn.catch(() => undefined).then(() => this.#follow(cameras));
    return this.#turn;
  }

  /** Cameras that were removed and have video that waits. */
  leaving(): { id: string; waitingFragments: number; waitingBytes: number }[] {
    return [...this.#leaving.keys()].map(id => {
      const { fragments, bytes } = this.#waiting(id) ?? { fragments: 0, bytes: 0 };
      return { id, waitingFragments: fragments, waitingBytes: bytes };
    });
  }

  /** Cameras that were removed before the agent was started, or while it did not run. */
  async #resume(): Promise<void> {
    const { live, settings } = this.#options.shared;
    for (const camera of await readKnownStreams(settings.dataDir)) {
      if (!live.camera(camera.id)) this.#letDrain(camera, this.#upload(camera));
    }
  }

  async #follow(cameras: readonly FleetCamera[]): Promise<void> {
    const present = [...this.#running.values()].map(({ camera }) => camera);
    const { added, changed, removed } = fleetChanges(present, cameras);
    await Promise.all([
      ...removed.map(({ id }) => this.#leave(id)),
      ...changed.map(({ camera, lines }) => this.#end(camera.id, lines)),
      // The stream has one connection, and who comes back takes over what was left.
      ...added.map(({ id }) => this.#comeBack(id)),
    ]);
    const connecting = [
      ...added,
      ...changed.filter(({ lines }) => lines.includes('ingest')).map(({ camera }) => camera),
    ];
    const delays = startDelaysMs(connecting.length);
    const delayOf = (camera: FleetCamera) => delays[connecting.indexOf(camera)] ?? 0;
    for (const camera of added) this.#running.set(camera.id, this.#begin(camera, delayOf(camera)));
    for (const { camera, lines } of changed) this.#beginAnew(camera, lines, delayOf(camera));
    await this.#remember();
  }

  #begin(camera: FleetCamera, delayMs: number): Running {
    return {
      camera,
      lines: {
        ingest: this.#ingest(camera, delayMs),
        upload: this.#upload(camera),
        analysis: this.#analysis(camera),
        events: this.#events(camera),
      },
    };
  }

  #beginAnew(camera: FleetCamera, lines: readonly CameraLine[], delayMs: number): void {
    const running = this.#running.get(camera.id);
    if (!running) return;
    running.camera = camera;
    if (lines.includes('ingest')) running.lines.ingest = this.#ingest(camera, delayMs);
    if (lines.includes('upload')) running.lines.upload = this.#upload(camera);
    if (lines.includes('analysis')) running.lines.analysis = this.#analysis(camera);
    if (lines.includes('events')) running.lines.events = this.#events(camera);
  }

  async #end(id: string, lines: readonly CameraLine[]): Promise<void> {
    const running = this.#running.get(id);
    await Promise.all(lines.map(line => running?.lines[line].end()));
    if (lines.includes('ingest')) this.#noteOffline(id, 'settings-changed');
  }

  async #leave(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (!running) return;
    await this.#end(id, ['ingest', 'analysis', 'events']);
    this.#running.delete(id);
    this.#noteOffline(id, 'camera-removed');
    const { latestStills, stillsOnDemand } = this.#options.shared;
    latestStills.delete(id);
    stillsOnDemand.forget(id);
    this.#letDrain(running.camera, running.lines.upload);
  }

  /** Not a state of the camera, but the reason of a hole in its footage. */
  #noteOffline(id: string, reason: string): void {
    const { spool, clock } = this.#options.shared;
    spool.noteOffline(id, clock.nowMs(), reason);
  }

  async #comeBack(id: string): Promise<void> {
    const leaving = this.#leaving.get(id);
    this.#leaving.delete(id);
    await leaving?.upload.end();
  }

  #letDrain(camera: KnownStream, upload: Line): void {
    const leaving = { camera, upload };
    this.#leaving.set(camera.id, leaving);
    void this.#endWhenDrained(leaving).catch(this.#failed.reject);
  }

  async #endWhenDrained(leaving: Leaving): Promise<void> {
    const { clock, signal } = this.#options.shared;
    const { id } = leaving.camera;
    const isLeaving = () => !signal.aborted && this.#leaving.get(id) === leaving;
    while (isLeaving() && this.#waiting(id)?.fragments !== 0) {
      await clock.sleep(drainedEveryMs, signal).catch(() => undefined);
    }
    if (!isLeaving()) return;
    this.#leaving.delete(id);
    await leaving.upload.end();
    await this.#remember();
  }

  /** Undefined when the disk does not tell. */
  #waiting(id: string): { fragments: number; bytes: number } | undefined {
    try {
      return this.#options.shared.spool.waiting(id);
    } catch {
      return undefined;
    }
  }

  /** Without it, a restart of the agent would forget where the video of removed cameras was to go. */
  async #remember(): Promise<void> {
    const { settings, facts } = this.#options.shared;
    const cameras = [...this.#running.values(), ...this.#leaving.values()].map(({ camera }) => camera);
    try {
      await writeKnownStreams(settings.dataDir, cameras);
    } catch (thrown) {
      const error = asAgentError(thrown);
      for (const { id } of cameras) facts.publish({ type: 'spool.failed', cameraId: id, error });
    }
  }

  #ingest(camera: FleetCamera, delayMs: number): Line {
    const { shared } = this.#options;
    return this.#line(async signal => {
      if (delayMs > 0) await shared.clock.sleep(delayMs, signal).catch(() => undefined);
      await ingest(camera, shared, signal);
    });
  }

  #upload(camera: KnownStream): Line {
    return this.#line(signal => runUploader({ camera, ...this.#options.uploading, signal }));
  }

  #analysis(camera: FleetCamera): Line {
    return this.#line(signal => analyse({ camera, signal }, this.#options.shared));
  }

  #events(camera: FleetCamera): Line {
    return this.#line(signal => listen(camera, this.#options.shared, signal));
  }

  #line(run: (signal: AbortSignal) => Promise<void>): Line {
    return new Line(run, this.#options.shared.signal, this.#failed.reject);
  }
}

/** One line of one camera: it runs from the beginning, until it is ended or the agent's signal aborts. */
class Line {
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /** `onFailed` is told what no line should throw. */
  constructor(run: (signal: AbortSignal) => Promise<void>, signal: AbortSignal, onFailed: (error: unknown) => void) {
    this.#ended = run(AbortSignal.any([signal, this.#stop.signal])).catch(onFailed);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

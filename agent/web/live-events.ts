// The event stream of the console: every viewer first gets the cameras as they are, then what changes.
// Viewers are bounded, and one that does not read is dropped: its browser reconnects and starts from a new snapshot.
import type { ServerResponse } from 'node:http';
import type { CamerasAnswer, LiveEvent } from '../../shared/api.ts';
import type { Clock } from '../clock.ts';
import type { Fact, Facts } from '../facts.ts';
import type { AlertReader, CameraReader } from './readers.ts';

export type LiveEventsOptions = {
  facts: Facts;
  clock: Clock;
  cameras: CameraReader;
  alerts: AlertReader;
  snapshot: () => CamerasAnswer;
};

export type Viewer = {
  response: ServerResponse;
  /** Asked before every event: the stream must not outlive its session. */
  isSignedIn: () => boolean;
};

const maxViewers = 32;
/** What may wait for a viewer that reads slowly. */
const maxWaitingBytes = 1_048_576;
/** So often the cameras are told even when nothing changed: a page sees neither comments nor a dead connection. */
const heartbeatMs = 15_000;

export class LiveEvents implements Disposable {
  readonly #options: LiveEventsOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #ends: (() => void)[];
  #cancelHeartbeat: () => void;
  #sequence = 0;

  constructor(options: LiveEventsOptions) {
    this.#options = options;
    this.#ends = [
      options.facts.subscribe(fact => this.#take(fact)),
      options.cameras.onChange(() => this.#broadcast({ type: 'cameras', answer: options.snapshot() })),
    ];
    this.#cancelHeartbeat = this.#scheduleHeartbeat();
  }

  /** Takes over a response whose headers are set. When there are too many viewers the oldest has to reconnect. */
  add(viewer: Viewer): void {
    const [oldest] = this.#viewers;
    if (this.#viewers.size >= maxViewers && oldest) this.#drop(oldest);
    this.#viewers.add(viewer);
    viewer.response.on('close', () => this.#viewers.delete(viewer));
    // A write can meet a connection that ended in the same moment; unheard, that error would end the agent.
    viewer.response.on('error', () => this.#drop(viewer));
    viewer.response.write('retry: 2000\n\n');
    this.#send(viewer, this.#encode({ type: 'cameras', answer: this.#options.snapshot() }));
  }

  [Symbol.dispose](): void {
    this.#cancelHeartbeat();
    for (const end of this.#ends) end();
    for (const viewer of this.#viewers) this.#drop(viewer);
  }

  #take(fact: Fact): void {
    if (this.#viewers.size === 0) return;
    if (fact.type === 'sighting.seen' || fact.type === 'sighting.updated') {
      this.#broadcast({ type: 'sighting', sighting: fact.sighting });
    }
    if (fact.type === 'alert.raised') this.#broadcast({ type: 'alert', alert: fact.alert });
    if (fact.type === 'alert.delivery') {
      const found = this.#options.alerts.alert(fact.alertId);
      if (found) this.#broadcast({ type: 'alert', alert: found.alert });
    }
  }

  #broadcast(event: LiveEvent): void {
    if (this.#viewers.size === 0) return;
    const text = this.#encode(event);
    for (const viewer of this.#viewers) this.#send(viewer, text);
  }

  #encode(event: LiveEvent): string {
    return `id: ${++this.#sequence}\ndata: ${JSON.stringify(event)}\n\n`;
  }

  #send(viewer: Viewer, text: string): void {
    if (viewer.isSignedIn()) viewer.response.write(text);
    else this.#drop(viewer);
    if (viewer.response.writableLength > maxWaitingBytes) this.#drop(viewer);
  }

  #drop(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    viewer.response.destroy();
  }

  #scheduleHeartbeat(): () => void {
    return this.#options.clock.after(heartbeatMs, () => {
      this.#broadcast({ type: 'cameras', answer: this.#options.snapshot() });
      this.#cancelHeartbeat = this.#scheduleHeartbeat();
    });
  }
}

// What the server is handed when it is started with faults: one hook for each place where a fault can strike.
import type { Server } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { SessionTap } from '../put-media/session.ts';
import type { Route } from '../route.ts';
import type { MediaStore } from '../store/media-store.ts';
import { faultRoutes } from './admin-routes.ts';
import { ConnectionFaults } from './connection-faults.ts';
import { Faults } from './faults.ts';
import { LateList } from './late-list.ts';
import { RequestFaults } from './request-faults.ts';
import { SessionFaults, type SessionFaultsOptions } from './session-faults.ts';

export class FaultyServer {
  readonly faults: Faults;
  readonly requests: RequestFaults;
  readonly #clock: Clock;
  readonly #host: string;
  readonly #lateList: LateList;
  #connections: ConnectionFaults | undefined;

  constructor(clock: Clock, host: string) {
    this.#clock = clock;
    this.#host = host;
    this.faults = new Faults(clock);
    this.#lateList = new LateList(this.faults, clock);
    this.requests = new RequestFaults(this.faults, clock, () => this.#connections?.movedPort);
  }

  get routes(): Route[] {
    return faultRoutes(this.faults);
  }

  /** Before `server` listens. `moved` is a second listener with the same routes. */
  watch(server: Server, moved: Server, onProblem: (error: unknown) => void): void {
    this.#connections = new ConnectionFaults({ faults: this.faults, server, moved, host: this.#host, onProblem });
  }

  listening(port: number): void {
    this.#connections?.listening(port);
  }

  /** The address GetDataEndpoint names. */
  dataEndpoint(origin: string): string {
    const fault = this.faults.find('endpoint-moved');
    const port = this.#connections?.movedPort;
    return fault && port !== undefined ? origin.replace(/:\d+$/, `:${port}`) : origin;
  }

  listed(store: MediaStore): Pick<MediaStore, 'findStream' | 'fragments'> {
    return this.#lateList.of(store);
  }

  tap(session: Pick<SessionFaultsOptions, 'stream' | 'accessKeyId' | 'response'>): SessionTap {
    const onStored = (number: string) => this.#lateList.stored(number);
    const shape = this.requests.shapeOf(session.response.req);
    return new SessionFaults({ ...session, onStored, shape, faults: this.faults, clock: this.#clock });
  }

  close(): void {
    this.requests.close();
    this.#connections?.close();
    this.faults.clear();
  }
}

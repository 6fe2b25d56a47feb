// Faults of connections as such: a port nobody listens on, connections that are reset, and a second port that media moves
// to. Open sockets are kept track of, because a fault that begins strikes them too.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Faults } from './faults.ts';

export type ConnectionFaultsOptions = {
  faults: Faults;
  server: Server;
  /** A second listener with the same routes. */
  moved: Server;
  host: string;
  onProblem: (error: unknown) => void;
};

export class ConnectionFaults {
  readonly #options: ConnectionFaultsOptions;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #closed = false;

  constructor(options: ConnectionFaultsOptions) {
    this.#options = options;
    const { faults, server, moved, onProblem } = options;
    server.on('connection', socket => this.#take(socket));
    moved.on('connection', socket => this.#take(socket));
    moved.on('error', onProblem);
    faults.onTurn(() => this.#turn());
  }

  /** Call once the server listens: on this port it listens again after it refused. */
  listening(port: number): void {
    this.#port = port;
  }

  /** The second listener's port while it listens. */
  get movedPort(): number | undefined {
    const address = this.#options.moved.address();
    return typeof address === 'object' && address ? address.port : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#options.moved.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const fault = this.#options.faults.find('reset') ?? this.#options.faults.find('refuse');
    if (!fault) return;
    this.#options.faults.meet(fault);
    socket.resetAndDestroy();
  }

  #turn(): void {
    if (this.#closed) return;
    const { faults, server, moved, host } = this.#options;
    const refuses = faults.find('refuse') !== undefined;
    if (refuses || faults.find('reset')) for (const socket of this.#sockets) socket.resetAndDestroy();
    if (refuses && server.listening) server.close();
    else if (!refuses && !server.listening && this.#port !== 0) server.listen(this.#port, host);
    if (faults.find('endpoint-moved') && !moved.listening) moved.listen(0, host);
  }
}

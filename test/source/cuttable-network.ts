// The way between an agent and a camera, which can be cut: then nothing passes in either direction, nobody is told, and new
// connections get no answer, as behind a Wi-Fi bridge without power. What was on its way arrives when it is mended, as TCP
// would send it again.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class CuttableNetwork implements AsyncDisposable {
  readonly #server: Server;
  readonly #cameraPort: number;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server, cameraPort: number) {
    this.#server = server;
    this.#cameraPort = cameraPort;
    server.on('connection', socket => this.#join(socket));
  }

  /** To a camera on this machine. */
  static async to(cameraPort: number): Promise<CuttableNetwork> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }).listen(0, '127.0.0.1');
    const network = new CuttableNetwork(server, cameraPort);
    await once(server, 'listening');
    return network;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  #join(agent: Socket): void {
    const camera = connect({ port: this.#cameraPort, host: '127.0.0.1', noDelay: true }).pause();
    this.#forward(agent, camera);
    this.#forward(camera, agent);
  }

  #forward(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', chunk => to.write(chunk));
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroySoon();
    });
    if (!this.#isCut) from.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

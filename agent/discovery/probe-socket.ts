// One UDP socket that asks and hears the answers. Bound to an address of this device it sends multicasts through that
// address's interface, wherever the default route leads.
import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { AnswerInbox } from './answer-inbox.ts';
import { deviceTypes, probeMessage } from './probe-message.ts';

const port = 3702;

export type ProbeSocketOptions = {
  family: 4 | 6;
  /** Of this device, link-local ones with `%interface`. Left out: the system chooses. */
  address?: string;
  inbox: AnswerInbox;
};

export class ProbeSocket implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #asked = new Set<string>();

  private constructor(socket: Socket, inbox: AnswerInbox) {
    this.#socket = socket;
    socket.on('message', (datagram, { address }) => inbox.take(datagram, address, this.#asked));
    // Sending tells its own errors; what else goes wrong only means that nothing is heard here.
    socket.on('error', () => undefined);
  }

  /** Rejects with the system's error when the address cannot be used. */
  static async open({ family, address, inbox }: ProbeSocketOptions): Promise<ProbeSocket> {
    const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6' });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind({ port: 0, ...(address === undefined ? {} : { address }) }, resolve);
      });
      if (address !== undefined) socket.setMulticastInterface(family === 4 ? address : `::${zoneOf(address)}`);
      socket.removeAllListeners('error');
      return new ProbeSocket(socket, inbox);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** One question for each type of device. Rejects with the system's error when none could be sent. */
  async ask(address: string): Promise<void> {
    const sending = deviceTypes.map(type => {
      const id = randomUUID();
      this.#asked.add(id);
      return this.#send(probeMessage(id, type), address);
    });
    const results = await Promise.allSettled(sending);
    if (results.every(({ status }) => status === 'rejected')) await sending[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>(resolve => this.#socket.close(resolve));
  }

  #send(message: Buffer, address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(message, port, address, error => (error ? reject(error) : resolve()));
    });
  }
}

function zoneOf(address: string): string {
  return /%.*$/.exec(address)?.[0] ?? '';
}

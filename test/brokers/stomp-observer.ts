// What arrives in a queue or topic of RabbitMQ or ActiveMQ, whatever protocol brought it there.
import { type StompAccess, StompConnection, type StompMessage } from './stomp-connection.ts';

type Subscription = {
  /** Whether messages are taken out of the queue; else they are all in it again afterwards. Default: true. */
  acknowledge?: boolean;
  /** Further headers of the subscription: `durable`, `selector`, … */
  headers?: Record<string, string>;
};

/** Consumes from the moment it is there until it is disposed of or the broker goes down: then open another. */
export class StompObserver implements AsyncDisposable {
  /** In the order of their arrival. */
  readonly messages: StompMessage[];
  readonly #connection: StompConnection;

  private constructor(messages: StompMessage[], connection: StompConnection) {
    this.messages = messages;
    this.#connection = connection;
  }

  /**
   * Resolves once the broker has acknowledged the subscription.
   * @param destination `/queue/alerts`, `/topic/alerts`; in RabbitMQ also `/exchange/amq.topic/kvs.#`
   */
  static async start(access: StompAccess, destination: string, options: Subscription = {}): Promise<StompObserver> {
    const { acknowledge = true, headers = {} } = options;
    const messages: StompMessage[] = [];
    const onMessage = (message: StompMessage) => void messages.push(message);
    const connection = await StompConnection.open(access, { acknowledge, onMessage });
    // ActiveMQ would wait for the acknowledgement of each before it gives the next.
    const mode = { id: 'observer', ack: 'client-individual', 'activemq.prefetchSize': '1000' };
    await connection.request('SUBSCRIBE', { ...mode, ...headers, destination });
    return new StompObserver(messages, connection);
  }

  /** Bodies as text. */
  get texts(): string[] {
    return this.messages.map(({ body }) => body.toString());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}

export const observeStomp = StompObserver.start;

type Letter = { destination: string; body: string | Uint8Array; headers?: Record<string, string> };

/** Sends persistent messages over a connection of their own and resolves once the broker has them. */
export async function sendStomp(access: StompAccess, ...letters: Letter[]): Promise<void> {
  await using connection = await StompConnection.open(access);
  for (const { destination, body, headers = {} } of letters) {
    await connection.request('SEND', { persistent: 'true', ...headers, destination }, body);
  }
}

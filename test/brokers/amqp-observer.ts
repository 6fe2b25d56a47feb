// What arrives in a queue or exchange of RabbitMQ, as an AMQP 1.0 client sees it that shares no code with the product's: Qpid
// Proton. (Over STOMP, RabbitMQ shows the application properties of AMQP 1.0 only as they were encoded.)
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { User } from './broker.ts';
import { Program } from './program.ts';

/** Skip with `describe.skipIf(isProtonMissing)`. */
export const isProtonMissing = !existsSync('/usr/lib/python3/dist-packages/proton');
if (isProtonMissing) console.warn('The tests that look through AMQP 1.0 are skipped: python3-qpid-proton is missing.');

export type AmqpAccess = { port: number; user: User };

export type AmqpMessage = {
  id: string | number | null;
  correlationId: string | null;
  subject: string | null;
  contentType: string | null;
  /** 0: it does not say. */
  creationTimeMs: number;
  durable: boolean;
  redelivered: boolean;
  /** The application's. */
  properties: Record<string, unknown>;
  /** Whether the body came as bytes or as a value: then it is a text. */
  section: 'data' | 'value';
  body: Buffer;
};

type Subscription = {
  /** Whether messages are taken out of the queue; else they are all in it again afterwards. Default: true. */
  acknowledge?: boolean;
  /** Whether a queue that is declared by this outlives the broker, as those of STOMP's subscriptions. Default: true. */
  durable?: boolean;
};

/** Consumes from the moment it is there until it is disposed of or the broker goes down: then open another. */
export class AmqpObserver implements AsyncDisposable {
  /** In the order of their arrival. */
  readonly messages: AmqpMessage[] = [];
  readonly #program: Program;

  private constructor(access: AmqpAccess, address: string, { acknowledge = true, durable = true }: Subscription) {
    const settings = JSON.stringify({ port: access.port, ...access.user, address, acknowledge, durable });
    this.#program = new Program({
      line: ['/usr/bin/python3', new URL('amqp-observer.py', import.meta.url).pathname, settings],
      folder: tmpdir(),
      ready: /^\{"ready"/,
      onLine: line => {
        if (line.startsWith('{"id"')) this.#take(JSON.parse(line));
      },
    });
  }

  /**
   * Resolves once the broker has opened the link. Rejects with the broker's condition when it refuses.
   * @param address `/queue/alerts`, `/amq/queue/alerts` (one that exists), `/exchange/amq.topic/kvs.#`
   */
  static async start(access: AmqpAccess, address: string, subscription: Subscription = {}): Promise<AmqpObserver> {
    const observer = new AmqpObserver(access, address, subscription);
    await observer.#program.start();
    return observer;
  }

  /** Bodies as text. */
  get texts(): string[] {
    return this.messages.map(({ body }) => body.toString());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.end('SIGKILL');
  }

  #take(message: Omit<AmqpMessage, 'body'> & { body: string }): void {
    this.messages.push({ ...message, body: Buffer.from(message.body, 'hex') });
  }
}

export const observeAmqp = AmqpObserver.start;

// What arrives at an MQTT broker, as mosquitto's own clients see it: nothing here shares code with the product's MQTT client.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import type { User } from './broker.ts';
import { Program } from './program.ts';

export type MqttAccess = {
  port: number;
  user?: User;
  /** Default: MQTT 5. */
  version?: 'mqttv311' | 'mqttv5';
};

export type MqttMessage = {
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  /** Whether the broker had kept it from before the subscription. */
  retained: boolean;
  /** Whether the broker may have given it before, as it does when it goes down before it hears of the receipt. */
  repeated: boolean;
  /** MQTT 5: `content-type`, `user-properties`, … */
  properties: Record<string, unknown>;
};

/**
 * Collects messages from the moment it is there. Its session is persistent: a broker's restart makes no gap in it,
 * though what is retained comes once more then.
 */
export class MqttObserver implements AsyncDisposable {
  /** In the order of their arrival. */
  readonly messages: MqttMessage[] = [];
  #isRepetition = false;
  readonly #program: Program;

  private constructor(access: MqttAccess, topics: string[]) {
    this.#program = new Program({
      line: [
        // Else it says what it does only once a message comes.
        ...(['stdbuf', '-oL', 'mosquitto_sub', ...addressOf(access)] as const),
        ...['-c', '-i', `observer-${randomUUID()}`],
        // The payload in hexadecimal digits, whatever it is made of; the rest as JSON, one line a message.
        ...['-d', '-q', '2', '-F', '%r %q x%x %j', ...topics.flatMap(topic => ['-t', topic])],
      ],
      folder: tmpdir(),
      ready: /received SUBACK/,
      onLine: line => this.#hear(line),
    });
  }

  /**
   * Resolves once the broker has acknowledged the subscription.
   * @param topics without any: all
   */
  static async start(access: MqttAccess, ...topics: string[]): Promise<MqttObserver> {
    const observer = new MqttObserver(access, topics.length > 0 ? topics : ['#']);
    await observer.#program.start();
    return observer;
  }

  /** Payloads as text. */
  get texts(): string[] {
    return this.messages.map(({ payload }) => payload.toString());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.end('SIGKILL');
  }

  #hear(line: string): void {
    // Is told before each message of quality 1; one of quality 2 comes once.
    const [, repetition] = /received PUBLISH \(d([01]), q1,/.exec(line) ?? [];
    if (repetition !== undefined) this.#isRepetition = repetition === '1';
    const [, retained, qos, payload = '', rest = ''] = /^([01]) ([012]) x([0-9a-f]*) (\{.*\})$/s.exec(line) ?? [];
    if (rest === '') return;
    const { topic, properties = {} } = JSON.parse(rest) as Pick<MqttMessage, 'topic'> & Partial<MqttMessage>;
    this.messages.push({
      ...{ topic, payload: Buffer.from(payload, 'hex'), retained: retained === '1', properties },
      ...{ qos: Number(qos) as MqttMessage['qos'], repeated: qos === '1' && this.#isRepetition },
    });
  }
}

export const observeMqtt = MqttObserver.start;

type Publication = { topic: string; payload: string | Uint8Array; qos?: 0 | 1 | 2; retain?: boolean };

/**
 * Publishes with mosquitto_pub and resolves once the broker has acknowledged it.
 * @param options further options of mosquitto_pub's: `--cafile FILE`, a will, MQTT 5's properties
 */
export async function publishMqtt(access: MqttAccess, message: Publication, options: string[] = []): Promise<void> {
  const { topic, payload, qos = 1, retain = false } = message;
  const flags = ['-t', topic, '-q', String(qos), ...(retain ? ['-r'] : []), payload.length > 0 ? '-s' : '-n'];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const publisher = execFile('mosquitto_pub', [...addressOf(access), ...flags, ...options], (error, _, said) => {
    if (error) reject(new Error(`mosquitto_pub: ${said.trim()}`, { cause: error }));
    else resolve();
  });
  publisher.stdin?.on('error', () => {}).end(payload);
  await promise;
}

function addressOf({ port, user, version = 'mqttv5' }: MqttAccess): string[] {
  return [
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    '-V',
    version,
    ...(user ? ['-u', user.username, '-P', user.password] : []),
  ];
}

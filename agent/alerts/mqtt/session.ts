// One connection to an MQTT broker, from CONNECT to its end. It is never resumed: what was not acknowledged when it ended
// is reported as not delivered, and whoever wanted it sent sends it in the next session.
import type { IClientPublishOptions, IPublishPacket, MqttClient } from 'mqtt';
import type { Clock } from '../../clock.ts';
import { AgentError } from '../../errors.ts';
import { type BrokerAccess, brokerOptions, type ProtocolVersion } from './broker-options.ts';
import { ClientWatch, reasonOf } from './client-watch.ts';
import {
  closedBeforeAnswer,
  closedError,
  closedWhilePublishing,
  networkError,
  noQos1Error,
  publishRefusal,
  silenceError,
  subscribeRefusal,
  tooLargeError,
} from './mqtt-errors.ts';

const answerPatienceMs = 10_000;
const goodbyePatienceMs = 2_000;
/** Room for the fixed header and what properties we send, beside topic and payload. */
const headerBytes = 256;
/** Below what brokers let a client have unacknowledged at a time; mosquitto: 20. */
const mostInFlight = 10;

export type Message = {
  topic: string;
  payload: string;
  retain?: boolean;
  /** Left out of 3.1.1, which has none. */
  properties?: NonNullable<IPublishPacket['properties']>;
};

export type Incoming = { topic: string; payload: Buffer; retained: boolean };

export type SessionOptions = BrokerAccess & { clock: Clock; onMessage: (message: Incoming) => void };

/** What the broker said when it let the client in. */
type Limits = { maximumPacketSize?: number; receiveMaximum?: number; maximumQoS?: number; retainAvailable?: boolean };

/** Why a client was not let in, and whether another version of MQTT may be. */
export type Refusal = { error: AgentError; tryOtherVersion: boolean };

export class Session {
  readonly #client: MqttClient;
  readonly #options: SessionOptions;
  readonly #limits: Limits;
  /** Who waits for an answer, and for which topic when it is about a message. */
  readonly #waiting = new Map<(error: AgentError) => void, string | undefined>();
  readonly #ended = Promise.withResolvers<AgentError>();
  #end: AgentError | undefined;
  #inFlight = 0;
  readonly #turns: (() => void)[] = [];

  private constructor(client: MqttClient, options: SessionOptions, limits: Limits) {
    this.#client = client;
    this.#options = options;
    this.#limits = limits;
  }

  /** Resolves to why it ended. Never rejects. */
  get ended(): Promise<AgentError> {
    return this.#ended.promise;
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Resolves once the broker has let the client in, or has not; until then `signal` ends it. Never rejects. */
  static async open(
    options: SessionOptions,
    version: ProtocolVersion,
    signal: AbortSignal,
  ): Promise<Session | Refusal> {
    const { broker, clock, onMessage } = options;
    const client = await begin(options, version);
    if ('error' in client) return client;
    const watch = new ClientWatch(client, broker);
    const { promise, resolve } = Promise.withResolvers<Session | Refusal>();
    let session: Session | undefined;
    const giveUp = () => watch.fail(closedError(broker));
    const cancelDeadline = clock.after(answerPatienceMs, () =>
      watch.fail(silenceError(answerPatienceMs, 'answer', broker)),
    );
    signal.addEventListener('abort', giveUp, { once: true });
    const stopWaiting = () => {
      cancelDeadline();
      signal.removeEventListener('abort', giveUp);
    };
    client.on('connect', ({ properties = {} }) => {
      stopWaiting();
      if (properties.maximumQoS === 0) return watch.fail(noQos1Error(broker));
      session = new Session(client, options, properties);
      resolve(session);
    });
    client.on('message', (topic, payload, { retain }) => onMessage({ topic, payload, retained: retain }));
    client.on('close', () => {
      stopWaiting();
      // An optional chain cannot reach a private method.
      if (session) session.#finish(watch.problem);
      resolve({ error: watch.problem ?? closedBeforeAnswer(broker), tryOtherVersion: watch.mayBeVersion });
    });
    if (signal.aborted) giveUp();
    return promise;
  }

  /**
   * Resolves when the broker has acknowledged the message. A broker that does not within 10 s is taken for gone. Messages
   * are sent in the order of the calls.
   * @throws AgentError `delivery-*`
   */
  async publish({ topic, payload, retain = false, properties }: Message): Promise<void> {
    const { broker } = this.#options;
    const { maximumPacketSize = Number.POSITIVE_INFINITY, retainAvailable = true } = this.#limits;
    const bytes = Buffer.byteLength(payload) + Buffer.byteLength(topic) + headerBytes;
    if (bytes > maximumPacketSize) throw tooLargeError(broker);
    const options: IClientPublishOptions = {
      qos: 1,
      retain: retain && retainAvailable,
      ...(properties && this.#client.options.protocolVersion === 5 ? { properties } : {}),
    };
    const send = (settle: (error?: AgentError) => void) =>
      this.#client.publish(topic, payload, options, problem => {
        const reason = reasonOf(problem);
        const otherwise = problem ? closedWhilePublishing(topic, broker) : undefined;
        settle(reason === undefined ? otherwise : publishRefusal(reason, topic, broker));
      });
    await this.#turn();
    try {
      await this.#answered({ what: 'acknowledge', topic }, send);
    } finally {
      this.#inFlight--;
      this.#turns.shift()?.();
    }
  }

  /** @throws AgentError `delivery-*`, also when only some were granted */
  subscribe(topics: readonly string[]): Promise<void> {
    const { broker } = this.#options;
    // What this client itself publishes does not come back, with MQTT 5.
    return this.#answered({ what: 'answer' }, settle =>
      this.#client.subscribe([...topics], { qos: 1, nl: true }, problem =>
        settle(problem ? subscribeRefusal(topics, broker) : undefined),
      ),
    );
  }

  /** Says goodbye, so that the broker keeps the last will to itself. Never rejects. */
  async close(): Promise<void> {
    if (this.#end) return;
    const cancel = this.#options.clock.after(goodbyePatienceMs, () => this.#client.stream.destroy());
    this.#client.end(false);
    await this.ended;
    cancel();
  }

  async #turn(): Promise<void> {
    const { receiveMaximum = mostInFlight } = this.#limits;
    if (this.#inFlight >= Math.min(receiveMaximum, mostInFlight)) await new Promise<void>(go => this.#turns.push(go));
    this.#inFlight++;
  }

  #answered(
    { what, topic }: { what: string; topic?: string },
    ask: (settle: (error?: AgentError) => void) => void,
  ): Promise<void> {
    if (this.#end) return Promise.reject(this.#end);
    const { clock, broker } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancelDeadline = clock.after(answerPatienceMs, () => {
      this.#finish(silenceError(answerPatienceMs, what, broker));
      this.#client.stream.destroy();
    });
    this.#waiting.set(reject, topic);
    ask(error => {
      // The news of the end comes from `#finish`, with its reason.
      if (!this.#waiting.delete(reject)) return;
      if (error) reject(error);
      else resolve();
    });
    return promise.finally(cancelDeadline);
  }

  /** Undefined: the connection ended without a word. */
  #finish(problem: AgentError | undefined): void {
    if (this.#end) return;
    const { broker } = this.#options;
    const silent = (topic: string | undefined) =>
      topic === undefined ? closedError(broker) : closedWhilePublishing(topic, broker);
    const waiting = [...this.#waiting];
    this.#end = problem ?? silent(waiting.find(([, topic]) => topic !== undefined)?.[1]);
    this.#waiting.clear();
    for (const [reject, topic] of waiting) reject(problem ?? silent(topic));
    for (const go of this.#turns.splice(0)) go();
    this.#ended.resolve(this.#end);
  }
}

async function begin(options: SessionOptions, version: ProtocolVersion): Promise<MqttClient | Refusal> {
  try {
    const mqttOptions = await brokerOptions(options, version);
    // Only those who have a broker pay for it with memory.
    const { connect } = await import('mqtt');
    return connect(mqttOptions);
  } catch (cause) {
    // TLS objects to files that do not fit before it connects.
    const error = cause instanceof AgentError ? cause : networkError(cause, options.broker);
    return { error, tryOtherVersion: false };
  }
}

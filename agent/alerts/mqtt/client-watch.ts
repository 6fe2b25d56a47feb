// Watches one client of MQTT.js from its first byte to its end, and remembers the first word on what went wrong: what comes
// after it are only its consequences. Whatever is wrong ends the client.
import type { MqttClient } from 'mqtt';
import { type AgentError, systemCode } from '../../errors.ts';
import { longestIncomingBytes } from './broker-options.ts';
import { connectRefusal, disconnectError, floodError, isVersionRefusal, networkError } from './mqtt-errors.ts';

export class ClientWatch {
  readonly #client: MqttClient;
  readonly #broker: string;
  #problem: AgentError | undefined;
  #isVersionRefused = false;

  /** @param broker names it in errors */
  constructor(client: MqttClient, broker: string) {
    this.#client = client;
    this.#broker = broker;
    client.on('error', cause => this.#hear(cause));
    // MQTT.js keeps errors without a code to itself.
    client.stream.on('error', cause => this.#hear(cause));
    client.on('disconnect', ({ reasonCode = 0 }) => this.fail(disconnectError(reasonCode, broker)));
    this.#limitIncoming();
  }

  /** Undefined while all is well, and when the connection ended without a word. */
  get problem(): AgentError | undefined {
    return this.#problem;
  }

  /** Of a client that was not let in. Old brokers hang up when they hear of a version that they do not know. */
  get mayBeVersion(): boolean {
    return this.#isVersionRefused || this.#problem === undefined;
  }

  fail(error: AgentError): void {
    this.#problem ??= error;
    this.#client.stream.destroy();
  }

  #hear(cause: unknown): void {
    const reason = reasonOf(cause);
    if (reason !== undefined) {
      this.#isVersionRefused ||= isVersionRefusal(reason);
      this.fail(connectRefusal(reason, this.#broker));
    } else if (['ECONNRESET', 'EPIPE'].includes(systemCode(cause) ?? '')) {
      // No more of a word than to hang up.
      this.#client.stream.destroy();
    } else if (isForeign(cause)) {
      this.fail(networkError(cause, this.#broker));
    }
  }

  /** MQTT 3.1.1 knows no limit, and the parser none but 256 MB. */
  #limitIncoming(): void {
    let bytes = 0;
    this.#client.on('packetreceive', () => {
      bytes = 0;
    });
    this.#client.stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > 4 * longestIncomingBytes) this.fail(floodError(this.#broker));
    });
  }
}

/** Reasons that brokers give are numbers; errors of the system have names. */
export function reasonOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** MQTT.js's own words, such as those on a missed ping, say no more than that the connection is gone. */
function isForeign(error: unknown): boolean {
  return (
    error instanceof Error &&
    (('code' in error && typeof error.code === 'string') || /^Unexpected server response/.test(error.message))
  );
}

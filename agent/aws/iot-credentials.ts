// AWS credentials for a device that has a certificate and no keys: AWS IoT exchanges it, over mutual TLS, for those of a
// role. The files are read again for every exchange, so a rotated certificate is taken up without a restart.
import type { AwsCredentialIdentity } from '@smithy/types';
import type { Clock } from '../clock.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import type { AwsCredentials, CredentialsState } from './aws-credentials.ts';
import { exchangeCertificate } from './iot-exchange.ts';
import type { IotSettings } from './iot-settings.ts';

export type IotCredentialsOptions = {
  iot: IotSettings;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
};

/** After a renewal failed while the old credentials still hold. */
const retryMs = 30_000;
/** Several clients ask at once: a failure is told to all of them before AWS IoT is asked again. */
const failureHoldsMs = 1_000;
const minLeftMs = 5 * 60_000;

type Held = { identity: AwsCredentialIdentity; expiresAtMs: number; renewAtMs: number };

/**
 * When to renew what was fetched at `nowMs`: after some 80 % of its life, at least 5 min before it ends where life is
 * long enough; spread, so that a thousand devices that came back together do not stay together.
 */
export function renewalMs(nowMs: number, expiresAtMs: number, random: () => number): number {
  const lifeMs = expiresAtMs - nowMs;
  const latestMs = Math.max(lifeMs / 2, Math.min(0.8 * lifeMs, lifeMs - minLeftMs));
  return nowMs + latestMs - 0.05 * lifeMs * random();
}

export class IotCredentials implements AwsCredentials {
  /** `memoized` keeps the SDK's clients from holding on to an answer of their own. */
  readonly provider = Object.assign(() => this.#ask(), { memoized: true });
  readonly #options: IotCredentialsOptions;
  #held: Held | undefined;
  #refused = false;
  #renewal: Promise<Held> | undefined;
  #failure: { error: AgentError; untilMonotonicMs: number } | undefined;

  constructor(options: IotCredentialsOptions) {
    this.#options = options;
  }

  refresh(): void {
    this.#refused = true;
  }

  state(): CredentialsState {
    const { thingName, roleAlias } = this.#options.iot;
    const whose = thingName === undefined ? `role alias ${roleAlias}` : `thing ${thingName}`;
    return {
      source: `IoT device certificate ${whose}`,
      ...(this.#held ? { expiresAtMs: this.#held.expiresAtMs } : {}),
      ...(this.#failure ? { problem: this.#failure.error.message } : {}),
    };
  }

  /** What is held goes on while it is renewed, and to its end when it cannot be. */
  async #ask(): Promise<AwsCredentialIdentity> {
    const nowMs = this.#options.clock.nowMs();
    const held = this.#held && nowMs < this.#held.expiresAtMs ? this.#held : undefined;
    if (held && !this.#refused) {
      if (nowMs >= held.renewAtMs) this.#renew().catch(() => undefined);
      return held.identity;
    }
    try {
      return (await this.#renew()).identity;
    } catch (error) {
      if (held) return held.identity;
      throw error;
    }
  }

  /** One exchange at a time. Rejects with an AgentError. */
  #renew(): Promise<Held> {
    const failure = this.#failure;
    if (failure && this.#options.clock.monotonicMs() < failure.untilMonotonicMs) return Promise.reject(failure.error);
    this.#renewal ??= this.#exchange().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #exchange(): Promise<Held> {
    const { clock, random } = this.#options;
    try {
      const identity = await exchangeCertificate(this.#options);
      const expiresAtMs = identity.expiration.getTime();
      const held = { identity, expiresAtMs, renewAtMs: renewalMs(clock.nowMs(), expiresAtMs, random) };
      this.#held = held;
      this.#refused = false;
      this.#failure = undefined;
      return held;
    } catch (thrown) {
      const error = asAgentError(thrown);
      const pauseMs = this.#held && !this.#refused && clock.nowMs() < this.#held.expiresAtMs ? retryMs : failureHoldsMs;
      this.#failure = { error, untilMonotonicMs: clock.monotonicMs() + pauseMs * (1 + random() / 2) };
      throw error;
    }
  }
}

// A camera's events by pull point: subscribes, asks again and again for what happened, keeps the subscription alive, and
// makes a new one when it was lost. One connection at a time; ends itself at the camera, which allows only a few.
import type { Clock } from '../clock.ts';
import { type AgentError, asAgentError, isAbort } from '../errors.ts';
import { type OnvifEvent, type PullPoint, readMessages, readPullPoint, readRenewal } from './answers/event-answers.ts';
import type { Calls } from './calls.ts';
import { type CameraPath, onCamera, urlOf } from './http/camera-address.ts';
import { onvifError } from './onvif-errors.ts';
import type { ServiceDirectory } from './services.ts';
import type { SoapRequest } from './soap/envelope.ts';
import {
  createPullPoint,
  pullMessages,
  renew,
  type SubscriptionAddress,
  setSynchronizationPoint,
  unsubscribe,
} from './soap/requests.ts';
import type { XmlElement } from './soap/xml.ts';

/** What comes out: events, and whether they can be relied on to come. */
export type EventFeedItem = OnvifEvent | { type: 'subscribed' } | { type: 'lost'; error: AgentError };

export type EventOptions = {
  calls: Calls;
  directory: ServiceDirectory;
  clock: Clock;
  /** In [0, 1): spreads the attempts of many cameras. */
  random: () => number;
  /** For an exchange that the camera answers at once. */
  deadlineMs: number;
};

type Subscription = SubscriptionAddress & {
  target: CameraPath;
  halfLifeMs: number;
  renewAtMs: number;
  canRenew: boolean;
};

const lifeSeconds = 120;
const longestLifeMs = 3_600_000;
/** How long the camera may wait for something to happen before it answers that nothing did. */
const waitMs = 30_000;
/** A camera that answers at once that nothing happened is not asked faster than this. */
const leastPauseMs = 1_000;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
const about = { todo: 'tell what happens', offer: 'events by pull point' };

export class EventFeed {
  readonly #options: EventOptions;
  /** A camera that has no events has none the next time either. */
  #unsupported: AgentError | undefined;

  constructor(options: EventOptions) {
    this.#options = options;
  }

  /**
   * Endless until the signal aborts, then it returns. What passes by itself is told as `lost` and tried again.
   * Throws an AgentError when only a person can help: `camera-denied`, `camera-certificate`, and `camera-no-onvif` for a
   * camera without events by pull point.
   */
  async *events(signal: AbortSignal): AsyncGenerator<EventFeedItem, void> {
    if (this.#unsupported) throw this.#unsupported;
    const { clock, random } = this.#options;
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      let subscription: Subscription | undefined;
      try {
        subscription = await this.#subscribe(signal);
        await this.#synchronize(subscription, signal);
        yield { type: 'subscribed' };
        for await (const event of this.#pull(subscription, signal)) {
          pauseMs = firstPauseMs;
          yield event;
        }
        pauseMs = firstPauseMs;
      } catch (error) {
        if (signal.aborted || isAbort(error, signal)) return;
        yield { type: 'lost', error: this.#bearable(asAgentError(error), subscription !== undefined) };
        await clock.sleep(pauseMs * (0.75 + random() / 2), signal).catch(() => undefined);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      } finally {
        if (subscription) await this.#unsubscribe(subscription);
      }
    }
  }

  /** @throws the error when trying again cannot help */
  #bearable(error: AgentError, wasSubscribed: boolean): AgentError {
    if (error.code === 'camera-denied' || error.code === 'camera-certificate') throw error;
    if (error.retry !== 'never' || wasSubscribed) return error;
    this.#unsupported = error;
    throw error;
  }

  async #subscribe(signal: AbortSignal): Promise<Subscription> {
    const { calls, directory } = this.#options;
    const target = await directory.need('events', about.offer, signal);
    const request = createPullPoint(urlOf(calls.camera, target), lifeSeconds);
    const point = await calls.askAt({ ...about, target, request, signal, read: readPullPoint });
    const own = onCamera(point.address, calls.camera);
    if (!own) throw onvifError('foreignAddress', { host: calls.camera.host, detail: 'its events' });
    const { address: url, reference } = point;
    return { url, reference, target: own, ...this.#renewal(point), canRenew: true };
  }

  /** Cameras tell the present state by themselves too; those that do not know the request still have events. */
  async #synchronize(subscription: Subscription, signal: AbortSignal): Promise<void> {
    await this.#ask(subscription, setSynchronizationPoint(subscription), { read: () => undefined, signal }).catch(
      (error: unknown) => {
        if (isAbort(error, signal)) throw error;
      },
    );
  }

  /** Ends when the subscription cannot be renewed and a new one is due. */
  async *#pull(subscription: Subscription, signal: AbortSignal): AsyncGenerator<OnvifEvent, void> {
    const { clock, calls } = this.#options;
    while (!signal.aborted) {
      const startMs = clock.monotonicMs();
      if (startMs >= subscription.renewAtMs && !(await this.#renew(subscription, signal))) return;
      const untilRenewMs = Math.max(leastPauseMs, subscription.renewAtMs - clock.monotonicMs());
      const seconds = Math.ceil(Math.min(waitMs, untilRenewMs) / 1000);
      const events = await this.#ask(subscription, pullMessages(subscription, seconds), {
        signal,
        read: content => readMessages(content, { nowMs: clock.nowMs(), offsetMs: calls.soap.clock.time.offsetMs }),
        deadlineMs: seconds * 1000 + this.#options.deadlineMs,
      });
      yield* events;
      const tookMs = clock.monotonicMs() - startMs;
      if (tookMs < leastPauseMs)
        await clock.sleep(events.length > 0 ? leastPauseMs / 4 : leastPauseMs - tookMs, signal);
    }
  }

  /** Whether the subscription goes on. */
  async #renew(subscription: Subscription, signal: AbortSignal): Promise<boolean> {
    if (!subscription.canRenew) return false;
    try {
      const renewed = await this.#ask(subscription, renew(subscription, lifeSeconds), { read: readRenewal, signal });
      Object.assign(subscription, this.#renewal(renewed));
    } catch (error) {
      if (signal.aborted) throw error;
      // Half its life is left: it is used up, and then a new one is made.
      subscription.canRenew = false;
      subscription.renewAtMs += subscription.halfLifeMs;
    }
    return true;
  }

  #renewal({ lifeMs = lifeSeconds * 1000 }: Pick<PullPoint, 'lifeMs'>) {
    const halfLifeMs = Math.min(lifeMs, longestLifeMs) / 2;
    return { halfLifeMs, renewAtMs: this.#options.clock.monotonicMs() + halfLifeMs };
  }

  async #unsubscribe(subscription: Subscription): Promise<void> {
    await this.#ask(subscription, unsubscribe(subscription), { read: () => undefined, deadlineMs: 2_000 }).catch(
      () => undefined,
    );
  }

  #ask<T>(
    { target }: Subscription,
    request: SoapRequest,
    rest: { read: (content: XmlElement) => T; signal?: AbortSignal; deadlineMs?: number },
  ): Promise<T> {
    return this.#options.calls.askAt({ ...about, target, request, ...rest });
  }
}

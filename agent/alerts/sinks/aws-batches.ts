// What the four AWS destinations share: events are made into bodies, put into calls that stay within the service's limits,
// and each gets its own outcome, because these services take some entries of a call and refuse others.
import type { Alert } from '../../../shared/alert.ts';
import type { Aws } from '../../aws/aws.ts';
import { type AgentError, asAgentError, isAbort } from '../../errors.ts';
import { payloadOf } from '../payload.ts';
import type { Sink, SinkOptions } from '../sink.ts';
import { Transform } from '../transform/transform.ts';
import { awsCallError, tooLarge } from './aws-errors.ts';

export type Entry = { alert: Alert; body: string; bytes: number };

/** One entry for each in the call, in order: undefined when it was taken. */
export type Outcomes = readonly (AgentError | undefined)[];

export type AwsService = {
  /** Entries in one call at most. */
  most: number;
  /** Bodies of one call together at most. */
  mostBytes: number;
  /** One body at most. */
  entryBytes: number;
  /** Rejects with what the SDK throws when the call failed as a whole. */
  send(entries: readonly Entry[], signal: AbortSignal): Promise<Outcomes>;
  destroy(): void;
};

export type AwsPlace = { region?: string | undefined; endpoint?: string | undefined; transform?: string | undefined };

/** Who and where we are, for a service that may be in another region or behind an address of its own. */
export function awsAt(aws: Aws, { region, endpoint }: AwsPlace, regionInName?: string): Aws {
  return { ...aws, region: region ?? regionInName ?? aws.region, ...(endpoint ? { endpoint } : {}) };
}

/** @throws AgentError `settings-invalid` for a transform that cannot be read */
export function awsSink({ settings, destination, context, clock }: SinkOptions<AwsPlace>, service: AwsService): Sink {
  const { transform: expression } = settings;
  const transform = expression === undefined ? undefined : new Transform({ expression, destination, clock });
  return {
    destination,
    async deliver(alert, signal) {
      const [problem] = await deliver([alert], signal);
      if (problem) throw problem;
    },
    batches: { most: service.most, deliver },
    async close() {
      await transform?.close();
      service.destroy();
    },
  };

  async function deliver(alerts: readonly Alert[], signal: AbortSignal): Promise<Outcomes> {
    const outcomes = new Map<Alert, AgentError | undefined>();
    const entries: Entry[] = [];
    for (const alert of alerts) {
      const entry = await entryOf(alert).catch(asAgentError);
      if (entry && 'body' in entry) entries.push(entry);
      else outcomes.set(alert, entry);
    }
    for (const call of callsOf(entries, service)) {
      const results = await send(call, signal);
      for (const [index, { alert }] of call.entries()) outcomes.set(alert, results[index]);
    }
    return alerts.map(alert => outcomes.get(alert));
  }

  /** Undefined for what the transform makes nothing of: there is nothing to send. */
  async function entryOf(alert: Alert): Promise<Entry | AgentError | undefined> {
    const event = payloadOf(alert, context);
    const body = transform ? await transform.apply(event) : JSON.stringify(event);
    if (body === undefined) return undefined;
    const bytes = Buffer.byteLength(body);
    return bytes > service.entryBytes ? tooLarge(service.entryBytes, destination) : { alert, body, bytes };
  }

  async function send(call: readonly Entry[], signal: AbortSignal): Promise<Outcomes> {
    try {
      return await service.send(call, signal);
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      const problem = awsCallError(error, destination);
      return call.map(() => problem);
    }
  }
}

/** In order, as few calls as the limits allow. */
function callsOf(entries: readonly Entry[], { most, mostBytes }: AwsService): Entry[][] {
  const calls: Entry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const call = calls.at(-1);
    if (call && call.length < most && bytes + entry.bytes <= mostBytes) {
      call.push(entry);
      bytes += entry.bytes;
    } else {
      calls.push([entry]);
      bytes = entry.bytes;
    }
  }
  return calls;
}

/** What keeps its order: the camera, or the device. */
export function orderKeyOf({ cameraId }: Alert): string {
  return cameraId ?? 'device';
}

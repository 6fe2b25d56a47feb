// A destination of alerts in words: what it is, how it is, and what it made of a test.
import type { DestinationStatus, DestinationTested } from '../../shared/destination-status.ts';
import { ageWords, countWords, inWords } from './ages.ts';
import { tookWords } from './delivery-words.ts';
import type { StatusWords } from './status.ts';

const KINDS: Record<string, string> = {
  webhook: 'Webhook',
  mqtt: 'MQTT',
  amqp: 'AMQP 1.0',
  stomp: 'STOMP',
  sns: 'Amazon SNS',
  sqs: 'Amazon SQS',
  kinesis: 'Kinesis Data Streams',
  firehose: 'Data Firehose',
};

export function kindWords(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** `Delivering`, `3 alerts wait`, `2 alerts given up today`, `Nothing sent yet`. */
export function destinationState({ waiting, recentlyDead, lastDeliveredMs }: DestinationStatus): StatusWords {
  if (recentlyDead > 0) return { status: 'failed', words: `${countWords(recentlyDead, 'alert')} given up in 24 h` };
  if (waiting > 0) return { status: 'attention', words: `${countWords(waiting, 'alert')} waiting` };
  if (lastDeliveredMs === undefined) return { status: 'waiting', words: 'Nothing sent yet' };
  return { status: 'ok', words: 'All delivered' };
}

/** `2 waiting (the oldest for 12 min, next try in 30 s) · 5 given up · last delivered 3 min ago`. */
export function destinationCounts(status: DestinationStatus, nowMs: number): string {
  const { waiting, dead, oldestWaitingMs, nextTryMs, lastDeliveredMs } = status;
  const details = [
    oldestWaitingMs !== undefined && `oldest ${ageWords(oldestWaitingMs, nowMs)}`,
    nextTryMs !== undefined && `next try ${inWords(nextTryMs, nowMs)}`,
  ].filter(words => words !== false);
  const waits = waiting > 0 && details.length > 0 ? ` (${details.join(', ')})` : '';
  const last = lastDeliveredMs === undefined ? 'never delivered' : `last delivered ${ageWords(lastDeliveredMs, nowMs)}`;
  return `${waiting} waiting${waits} · ${dead} given up · ${last}`;
}

/** `Delivered in 38 ms`, `Not delivered, after 5.0 s`. */
export function testedWords({ delivered, tookMs }: Pick<DestinationTested, 'delivered' | 'tookMs'>): StatusWords {
  if (delivered) return { status: 'ok', words: `Delivered in ${tookWords(tookMs)}` };
  return { status: 'failed', words: `Not delivered, after ${tookWords(tookMs)}` };
}

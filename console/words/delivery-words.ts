// What became of an alert at one destination, in words.
import type { Delivery, DeliveryAttempt } from '../../shared/alert.ts';
import { countWords, inWords } from './ages.ts';
import { dayAndTime } from './clock-times.ts';
import type { StatusWords } from './status.ts';

/** `Delivered 07:41:12`, `Retrying in 12 s (try 3)`, `Given up after 12 tries`. */
export function deliveryWords(delivery: Delivery, nowMs: number): StatusWords {
  switch (delivery.state) {
    case 'delivered':
      return { status: 'ok', words: `Delivered ${dayAndTime(delivery.atMs, nowMs)}` };
    case 'dead':
      return { status: 'failed', words: `Given up after ${countWords(delivery.attempts, 'attempt')}` };
    case 'waiting':
      if (delivery.attempts === 0) return { status: 'waiting', words: 'Being sent' };
      return {
        status: 'attention',
        words: `Retrying ${inWords(delivery.atMs, nowMs)}, ${countWords(delivery.attempts, 'attempt')} so far`,
      };
  }
}

/** What came of one attempt: `Delivered`, `The receiver answered 503.` */
export function attemptWords({ outcome, problem }: Pick<DeliveryAttempt, 'outcome' | 'problem'>): string {
  if (outcome === 'delivered') return 'Delivered';
  const words = problem ?? 'It failed.';
  return outcome === 'dead' ? `${words} Given up.` : words;
}

/** `38 ms`, `1.2 s`. */
export function tookWords(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function olderAttemptsWords(shown: number, all: number): string {
  return `The last ${shown} of ${countWords(all, 'attempt')}.`;
}

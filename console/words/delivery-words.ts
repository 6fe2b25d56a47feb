// What became of an alert at one destination, in words.
import type { Delivery } from '../../shared/alert.ts';
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

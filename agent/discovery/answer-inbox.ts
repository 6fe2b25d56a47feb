// What comes back to the probes of one search. An answer counts when it names a question that was asked; the rest costs
// next to nothing. How much is read is bounded, for each sender and in all, so that a flood ends by itself.
import { Arrivals } from './arrivals.ts';
import { isCamera, type ProbeMatch, readProbeMatches } from './probe-matches.ts';

type Allowance = { answers: number; bytes: number };

/** Cameras answer each of some rounds, two types, on each network: a dozen times, with a few kilobytes. */
const ofOneSender: Allowance = { answers: 256, bytes: 1024 * 1024 };
const ofAll: Allowance = { answers: 8_192, bytes: 16 * 1024 * 1024 };
const mostUnreadable = 16;

/** One device that a datagram tells of; `alone` when it tells of no other. */
export type Answer = { match: ProbeMatch; sender: string; alone: boolean };

export class AnswerInbox implements AsyncIterable<Answer> {
  readonly #answers = new Arrivals<Answer>();
  readonly #perSender = new Map<string, Allowance>();
  readonly #unreadable = new Set<string>();
  readonly #left = { ...ofAll };

  /** Senders whose answers could not be read. */
  get unreadable(): string[] {
    return [...this.#unreadable];
  }

  /** `asked`: the UUIDs of the questions that may be answered here. Never throws. */
  take(datagram: Buffer, sender: string, asked: ReadonlySet<string>): void {
    if (![...asked].some(id => datagram.includes(id)) || !this.#affords(datagram.length, sender)) return;
    const answer = readProbeMatches(datagram);
    if (!answer) {
      if (this.#unreadable.size < mostUnreadable) this.#unreadable.add(sender);
      return;
    }
    if (!asked.has(answer.relatesTo.toLowerCase().replace(/^(urn:)?uuid:/, ''))) return;
    const alone = answer.matches.length === 1;
    for (const match of answer.matches.filter(isCamera)) this.#answers.push({ match, sender, alone });
  }

  /** No answer is waited for any more. */
  end(): void {
    this.#answers.end();
  }

  [Symbol.asyncIterator](): AsyncIterator<Answer> {
    return this.#answers[Symbol.asyncIterator]();
  }

  #affords(bytes: number, sender: string): boolean {
    const left = [this.#left, this.#perSender.get(sender) ?? { ...ofOneSender }] as const;
    if (left.some(allowance => allowance.answers === 0 || allowance.bytes < bytes)) return false;
    this.#perSender.set(sender, left[1]);
    for (const allowance of left) {
      allowance.answers--;
      allowance.bytes -= bytes;
    }
    return true;
  }
}

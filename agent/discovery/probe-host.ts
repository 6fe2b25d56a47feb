// The same question to one address: for cameras that multicasts do not reach, in another network or behind a switch that
// keeps them.
import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import { type Answer, AnswerInbox } from './answer-inbox.ts';
import { ProbeSocket } from './probe-socket.ts';

const secondRoundMs = 500;

export type HostProbe = {
  address: string;
  /** After the last question. */
  waitMs: number;
  clock: Clock;
  signal: AbortSignal;
};

export type HostAnswers = {
  answers: Answer[];
  /** Something came back that could not be read. */
  unreadable: boolean;
};

/** What the address itself answered. Rejects only with the signal's reason when it is aborted. */
export async function probeHost({ address, waitMs, clock, signal }: HostProbe): Promise<HostAnswers> {
  const inbox = new AnswerInbox();
  // A device that does not speak IPv6 hears no answers over it.
  await using socket = await ProbeSocket.open({ family: isIP(address) === 6 ? 6 : 4, inbox }).catch(() => undefined);
  // Who cannot be reached does not answer either.
  const ask = () => socket?.ask(address).catch(() => undefined);
  try {
    await ask();
    await clock.sleep(secondRoundMs, signal);
    await ask();
    await clock.sleep(waitMs, signal);
  } finally {
    inbox.end();
  }
  const answers: Answer[] = [];
  for await (const answer of inbox) if (answer.sender === address) answers.push(answer);
  return { answers, unreadable: inbox.unreadable.includes(address) };
}

// The same question to single addresses: for cameras that multicasts do not reach, in another network or behind a switch
// that keeps them.
import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Answer, AnswerInbox } from './answer-inbox.ts';
import { ProbeSocket } from './probe-socket.ts';

/** Each address that does not exist costs the kernel a place in its table of neighbours for some seconds. */
const atOnce = 64;
const pauseMs = 20;
const secondRoundMs = 500;

export type HostProbe = {
  /** All of one family. */
  addresses: string[];
  /** After the last question. */
  waitMs: number;
  inbox: AnswerInbox;
  clock: Clock;
  signal: AbortSignal;
};

/** Answers of these addresses, as they come. Rejects with the signal's reason when it is aborted. */
export async function* probeHosts(probe: HostProbe): AsyncGenerator<Answer, void, undefined> {
  const { addresses, inbox, signal } = probe;
  const family = isIP(addresses[0] ?? '') === 6 ? 6 : 4;
  // A device that does not speak IPv6 hears no answers over it.
  await using socket = await ProbeSocket.open({ family, inbox }).catch(() => undefined);
  if (!socket) return;
  const stop = new AbortController();
  const asking = askAll(socket, { ...probe, signal: AbortSignal.any([signal, stop.signal]) });
  asking.catch(() => undefined); // awaited below, maybe later than it fails
  const asked = new Set(addresses);
  try {
    for await (const answer of inbox) if (asked.has(answer.sender)) yield answer;
    await asking;
  } finally {
    stop.abort();
    await asking.catch(() => undefined);
  }
}

async function askAll(socket: ProbeSocket, { addresses, waitMs, inbox, clock, signal }: HostProbe): Promise<void> {
  try {
    for (const afterMs of [0, secondRoundMs]) {
      await clock.sleep(afterMs, signal);
      for (let first = 0; first < addresses.length; first += atOnce) {
        // Who cannot be reached does not answer either.
        await socket.ask(...addresses.slice(first, first + atOnce)).catch(() => undefined);
        await clock.sleep(pauseMs, signal);
      }
    }
    await clock.sleep(waitMs, signal);
  } finally {
    inbox.end();
  }
}

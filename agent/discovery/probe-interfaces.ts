// WS-Discovery on every network of this device: a socket for each of its addresses, some rounds of questions, answers
// as they come.
import type { InterfaceEvent } from '../../shared/discovery.ts';
import type { Clock } from '../clock.ts';
import type { Answer, AnswerInbox } from './answer-inbox.ts';
import type { LocalAddress } from './local-addresses.ts';
import { probeProblem } from './probe-problem.ts';
import { ProbeSocket } from './probe-socket.ts';

const group4 = '239.255.255.250';
const group6 = 'ff02::c';
/** UDP loses datagrams, and cameras that have just woken up miss some. */
const roundsAtMs = [0, 500, 1_500, 3_500, 7_500, 15_500];
/** WS-Discovery lets a device wait this long before it answers; a round later than that is for nothing. */
const slowestAnswerMs = 500;

export type InterfaceProbe = {
  addresses: LocalAddress[];
  /** From the first question to the end. */
  durationMs: number;
  inbox: AnswerInbox;
  clock: Clock;
  signal: AbortSignal;
};

/** First what became of each address, then the answers. Rejects with the signal's reason when it is aborted. */
export async function* probeInterfaces(
  probe: InterfaceProbe,
): AsyncGenerator<InterfaceEvent | Answer, void, undefined> {
  const { inbox, signal } = probe;
  signal.throwIfAborted();
  await using open = new AsyncDisposableStack();
  const asks: (() => Promise<void>)[] = [];
  for (const local of probe.addresses) {
    const { name, address } = local;
    try {
      const socket = open.use(await ProbeSocket.open({ ...local, inbox }));
      const ask = () => socket.ask(groupOf(local));
      await ask();
      asks.push(ask);
      yield { type: 'interface', name, address, probed: true };
    } catch (error) {
      yield { type: 'interface', name, address, probed: false, reason: probeProblem(error) };
    }
  }
  const stop = new AbortController();
  const asking = askAgain(asks, { ...probe, signal: AbortSignal.any([signal, stop.signal]) });
  asking.catch(() => undefined); // awaited below, maybe later than it fails
  try {
    yield* inbox;
    await asking;
  } finally {
    stop.abort();
    await asking.catch(() => undefined);
  }
}

/** The rounds after the first, and the wait for the last answers. */
async function askAgain(asks: (() => Promise<void>)[], probe: InterfaceProbe): Promise<void> {
  const { durationMs, inbox, clock, signal } = probe;
  const startMs = clock.monotonicMs();
  const sleepUntil = (atMs: number) => clock.sleep(Math.max(0, startMs + atMs - clock.monotonicMs()), signal);
  try {
    if (asks.length === 0) return;
    for (const atMs of roundsAtMs.slice(1)) {
      if (atMs > durationMs - slowestAnswerMs) break;
      await sleepUntil(atMs);
      // An interface that goes away meanwhile has told its cameras before.
      await Promise.allSettled(asks.map(ask => ask()));
    }
    await sleepUntil(durationMs);
  } finally {
    inbox.end();
  }
}

function groupOf({ family, name }: LocalAddress): string {
  return family === 4 ? group4 : `${group6}%${name}`;
}

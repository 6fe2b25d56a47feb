// An agent that is killed (SIGKILL) again and again while it delivers to a receiver that is slow, troubled and resets
// connections, and what came of every alert. Real processes, sockets and files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Outbox } from '../../agent/alerts/outbox.ts';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { HonouringReceiver, type Mood, outOfOrder } from './honouring-receiver.ts';

const agent = join(import.meta.dirname, 'delivering-agent.ts');
const moods: readonly Mood[] = ['slow', 'well', 'slow', 'troubled', 'slow', 'lost', 'well', 'slow', 'reset', 'slow'];
const mostAlerts = 100_000;

export type KillFigures = {
  kills: number;
  /** The receiver was being asked in that moment. */
  killsDuringDelivery: number;
  raised: number;
  /** Of those that the agent had said it kept. */
  lost: number;
  requests: number;
  taken: number;
  /** Repeats that the receiver recognised by their key. */
  duplicatesSuppressed: number;
  /** Repeats that were not the same byte for byte, and alerts that did not end as delivered. */
  changed: number;
  undelivered: number;
  outOfOrder: number;
};

/** @param dir a folder for the outbox */
export async function soakKills({ kills, dir }: { kills: number; dir: string }): Promise<KillFigures> {
  await using receiver = new HonouringReceiver(request => moods[request % moods.length] ?? 'well', { slowMs: 60 });
  await receiver.up();
  const file = join(dir, 'alerts.sqlite');
  const place = [file, receiver.url];
  const epochMs = String(Date.now());
  const kept: string[] = [];
  let killsDuringDelivery = 0;
  for (let kill = 0; kill < kills; kill++) {
    // Never the same moment, from the first alert to far into the deliveries; three of four times while the receiver is asked.
    const when = { afterMs: 40 + ((kill * 37) % 260), awaitRequest: kill % 4 > 0 };
    const killed = await raiseUntilKilled([...place, 'raise', epochMs], when, receiver);
    kept.push(...killed.kept);
    if (killed.duringDelivery) killsDuringDelivery++;
  }
  const drain = spawn(process.execPath, [agent, ...place, 'drain', epochMs], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(drain, 'close');
  if (code !== 0) throw new Error(`The agent that drains the outbox ended with ${code}`);

  using outbox = openOutbox(file);
  const alerts = outbox.list({ limit: mostAlerts }).reverse();
  const raised = alerts.map(({ id }) => id);
  const { requests, taken, suppressed, changed } = receiver.figures;
  return {
    ...{ kills, killsDuringDelivery, raised: raised.length, requests, taken: taken.length },
    lost: kept.filter(id => !taken.includes(id)).length,
    duplicatesSuppressed: suppressed,
    changed,
    undelivered: alerts.filter(({ deliveries }) => deliveries.some(({ state }) => state !== 'delivered')).length,
    outOfOrder: outOfOrder(raised, taken),
  };
}

/** What must not be. */
export function breachesOf({ raised, taken, lost, changed, undelivered, outOfOrder }: KillFigures): string[] {
  return [
    ...(taken === raised ? [] : [`${raised} raised, ${taken} taken`]),
    ...(lost === 0 ? [] : [`${lost} lost`]),
    ...(changed === 0 ? [] : [`${changed} repeats changed`]),
    ...(undelivered === 0 ? [] : [`${undelivered} not delivered`]),
    ...(outOfOrder === 0 ? [] : [`${outOfOrder} out of order`]),
  ];
}

type When = { afterMs: number; awaitRequest: boolean };

/** `kept`: ids that the agent said it had kept before it was killed. */
async function raiseUntilKilled(args: string[], { afterMs, awaitRequest }: When, receiver: HonouringReceiver) {
  const child = spawn(process.execPath, [agent, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let isRunning = true;
  ended.then(() => {
    isRunning = false;
  });
  const until = async (holds: () => boolean) => {
    while (isRunning && !holds()) await systemClock.sleep(1);
  };
  await until(() => output.includes('\n'));
  await systemClock.sleep(afterMs);
  // However slowly the agent runs: the next alert is raised, and the next request comes.
  await until(() => output.indexOf('\n') < output.lastIndexOf('\n'));
  if (awaitRequest) await until(() => receiver.busy > 0);
  const duringDelivery = receiver.busy > 0;
  child.kill('SIGKILL');
  const [, signal] = await ended;
  if (signal !== 'SIGKILL') throw new Error('The agent ended by itself');
  return { kept: output.split('\n').slice(0, -1), duringDelivery };
}

function openOutbox(file: string): Outbox {
  const facts = new Facts(error => {
    throw error;
  });
  return new Outbox({ file, clock: systemClock, facts, newId: () => '' });
}

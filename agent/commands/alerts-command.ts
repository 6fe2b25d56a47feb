// `kvs-edge alerts`: what the running agent's rules raised, how its deliveries went, to deliver again, and to test a
// destination. The agent is asked over its control socket, for the outbox is its alone.
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { askAgent } from '../control/control-client.ts';
import { loadSettings } from '../settings/load.ts';
import { options, UsageError, wholeNumber } from './arguments.ts';
import { textTable } from './text-table.ts';

type Print = (text: string) => void;

/** The destination did not take the test. */
const refusedExitCode = 3;
/** Longer than an attempt at the slowest destination may take. */
const testPatienceMs = 130_000;

// The agent may be of another version than the command: what is shown is checked, the rest kept.
const alertsSchema = z.array(
  z.looseObject({
    ...{ id: z.string(), ruleId: z.string(), cameraId: z.string().optional(), atMs: z.number(), why: z.string() },
    deliveries: z.array(
      z.looseObject({
        ...{ destination: z.string(), state: z.string(), attempts: z.number(), atMs: z.number() },
        problem: z.string().optional(),
      }),
    ),
  }),
);
const redeliveredSchema = z.looseObject({ deliveries: z.int(), destinations: z.array(z.string()) });
const testedSchema = z.looseObject({
  ...{ alertId: z.string(), delivered: z.boolean(), tookMs: z.number(), answer: z.string().optional() },
  problem: z.looseObject({ code: z.string(), message: z.string() }).optional(),
});

/**
 * Resolves to the exit code: 3 when a tested destination did not take the alert. Rejects with a UsageError, or an AgentError:
 * `settings-…`, `agent-not-running`, `control-failed`, `alert-unknown`, `destination-unknown`, `disk-…`.
 */
export async function alertsCommand([action, ...args]: string[], print: Print): Promise<number> {
  const command = action !== undefined && Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!command) throw new UsageError('alerts takes list, redeliver or test');
  return (await command(args, print)) ?? 0;
}

const actions: Record<string, (args: string[], print: Print) => Promise<number | undefined>> = {
  async list(args, print) {
    const { config, camera, limit, dead, waiting, json } = options(args, {
      required: ['config'],
      optional: ['camera', 'limit'],
      flags: ['dead', 'waiting', 'json'],
    });
    if (dead && waiting) throw new UsageError('alerts list takes --dead or --waiting, not both');
    const state = dead ? 'dead' : waiting ? 'waiting' : undefined;
    const params = { limit: wholeNumber('limit', limit ?? '50', { from: 1, to: 10_000 }), cameraId: camera, state };
    const alerts = alertsSchema.parse(await ask(config, 'alerts.list', params));
    print(json ? `${JSON.stringify(alerts)}\n` : alertTable(alerts, state));
    return undefined;
  },

  async redeliver(args, print) {
    const { config, json, params } = args.includes('--dead') ? deadOnes(args) : oneAlert(args);
    const redelivered = redeliveredSchema.parse(await ask(config, 'alerts.redeliver', params));
    print(json ? `${JSON.stringify(redelivered)}\n` : redeliveredWords(redelivered));
    return undefined;
  },

  async test(args, print) {
    const { DESTINATION, config, json } = options(args, {
      operands: ['DESTINATION'],
      required: ['config'],
      flags: ['json'],
    });
    const answer = await ask(config, 'alerts.test', { destination: DESTINATION }, testPatienceMs);
    const tested = testedSchema.parse(answer);
    print(json ? `${JSON.stringify(tested)}\n` : testedWords(DESTINATION, tested));
    return tested.delivered ? 0 : refusedExitCode;
  },
};

function oneAlert(args: string[]) {
  const { ID, config, to, json } = options(args, {
    ...{ operands: ['ID'], required: ['config'], optional: ['to'], flags: ['json'] },
  });
  return { config, json, params: { alertId: ID, destination: to } };
}

function deadOnes(args: string[]) {
  const { config, to, since, json } = options(args, {
    ...{ required: ['config'], optional: ['to', 'since'], flags: ['dead', 'json'] },
  });
  return { config, json, params: { dead: true, destination: to, sinceMs: timeMs(since) } };
}

async function ask(settingsFile: string, request: string, params: unknown, timeoutMs = 10_000): Promise<unknown> {
  const { dataDir } = await loadSettings(settingsFile);
  return askAgent({ dataDir, request, params, clock: systemClock, timeoutMs });
}

function timeMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError(`--since takes a time such as 2026-11-23T07:41:12Z, not ${text}`);
  return ms;
}

/** A row for each delivery: with a state, only for those in it. Times are UTC. */
function alertTable(alerts: z.infer<typeof alertsSchema>, state: string | undefined): string {
  const rows = alerts.flatMap(({ id, atMs, cameraId = '-', ruleId, why, deliveries }) => {
    const start = [id, new Date(atMs).toISOString(), cameraId, ruleId];
    const shown = deliveries.filter(delivery => state === undefined || delivery.state === state);
    if (shown.length === 0) return [[...start, '-', 'goes nowhere', why]];
    return shown.map(({ destination, state, attempts, problem = why }) => {
      return [...start, destination, attempts > 1 ? `${state}, ${attempts} attempts` : state, problem];
    });
  });
  if (rows.length === 0) return state === undefined ? 'No alert yet.\n' : `No alert is ${state}.\n`;
  return textTable([['ALERT', 'TIME', 'CAMERA', 'RULE', 'DESTINATION', 'DELIVERY', 'WHY'], ...rows]);
}

function redeliveredWords({ deliveries, destinations }: z.infer<typeof redeliveredSchema>): string {
  if (deliveries === 0) return 'Nothing was given up there.\n';
  const what = deliveries === 1 ? 'One delivery' : `${deliveries} deliveries`;
  return `${what} to ${destinations.join(', ')} ${deliveries === 1 ? 'is' : 'are'} made again now.\n`;
}

function testedWords(destination: string, tested: z.infer<typeof testedSchema>): string {
  const { delivered, tookMs, answer, problem, alertId } = tested;
  const outcome = delivered
    ? `${destination} took the test alert ${alertId} in ${tookMs} ms.`
    : `${destination} did not take the test alert, after ${tookMs} ms: ${problem?.message} [${problem?.code}]`;
  return `${outcome}\n${answer === undefined ? '' : `It answered: ${answer}\n`}`;
}

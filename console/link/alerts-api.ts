// What the console asks about rules, their alerts and where those go (shared/api.ts).
import type { AlertAnswer, AlertsAnswer, DestinationsAnswer, RedeliverRequest } from '../../shared/api.ts';
import type { DestinationTested, Redelivered } from '../../shared/destination-status.ts';
import type {
  ReplayAnswer,
  ReplayRequest,
  RulesAnswer,
  SnoozeRequest,
  SnoozesAnswer,
  WhyAnswer,
} from '../../shared/rule-answers.ts';
import { ask, type Page, query, read } from './agent-api.ts';

/** A week of a busy site takes the device its time. */
const REPLAY_TIMEOUT_MS = 180_000;
/** A destination may take half a minute to say that it does not answer. */
const TEST_TIMEOUT_MS = 90_000;

/** `state`: only those with such a delivery. */
export async function loadAlerts(page: Page & { state?: string | undefined }): Promise<AlertsAnswer> {
  return read(await ask('GET', `/api/alerts?${query(page)}`));
}

export async function loadAlert(alertId: string): Promise<AlertAnswer> {
  return read(await ask('GET', alertPath(alertId)));
}

export async function redeliver(alertId: string, destination: string): Promise<Redelivered> {
  const body: RedeliverRequest = { destination };
  return read(await ask('POST', `${alertPath(alertId)}/redeliver`, { body }));
}

export async function loadWhy(sightingId: string): Promise<WhyAnswer> {
  return read(await ask('GET', `/api/sightings/${encodeURIComponent(sightingId)}/why`));
}

export async function loadRules(): Promise<RulesAnswer> {
  return read(await ask('GET', '/api/rules'));
}

export async function replayRule(request: ReplayRequest, signal: AbortSignal): Promise<ReplayAnswer> {
  return read(await ask('POST', '/api/rules/replay', { body: request, signal, timeoutMs: REPLAY_TIMEOUT_MS }));
}

export async function loadSnoozes(): Promise<SnoozesAnswer> {
  return read(await ask('GET', '/api/snoozes'));
}

export async function snooze(request: SnoozeRequest): Promise<SnoozesAnswer> {
  return read(await ask('POST', '/api/snooze', { body: request }));
}

export async function loadDestinations(): Promise<DestinationsAnswer> {
  return read(await ask('GET', '/api/destinations'));
}

/** Whatever the destination answers is the result; rejects only when there is no such destination any more. */
export async function testDestination(id: string): Promise<DestinationTested> {
  const path = `/api/destinations/${encodeURIComponent(id)}/test`;
  return read(await ask('POST', path, { timeoutMs: TEST_TIMEOUT_MS }));
}

function alertPath(alertId: string): string {
  return `/api/alerts/${encodeURIComponent(alertId)}`;
}

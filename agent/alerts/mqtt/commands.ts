// Commands that come through the broker: what they ask for, and what is wrong with those that ask for nothing sensible.
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { AgentError, asAgentError } from '../../errors.ts';
import type { Facts } from '../../facts.ts';
import type { SnoozeTarget } from '../rule-memory/snoozes.ts';
import type { SinkParts } from '../sink.ts';
import type { SiteState } from '../site-state.ts';
import type { Incoming } from './session.ts';
import { snoozeTargets, watchesOf } from './states.ts';
import type { StateTopics } from './topics.ts';

const defaultMinutes = 60;
const mostMinutes = 7 * 24 * 60;
/** Nobody needs more to say so little. */
const longestPayloadBytes = 200;

const minutes = z.number().min(0).max(mostMinutes);
const payloadSchema = z.union([minutes, z.object({ minutes }).transform(({ minutes }) => minutes)]);

/** Minutes to snooze for, 0 for no longer: `30`, `{"minutes":30}`, `ON` (an hour), `OFF`. Undefined for anything else. */
export function snoozeMinutes(payload: Uint8Array): number | undefined {
  if (payload.length > longestPayloadBytes) return undefined;
  const text = new TextDecoder().decode(payload).trim();
  if (/^on$/i.test(text)) return defaultMinutes;
  if (/^off$/i.test(text)) return 0;
  try {
    return payloadSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export type CommandOptions = {
  destination: string;
  topics: StateTopics;
  site: SiteState;
  snoozes: SinkParts['snoozes'];
  clock: Clock;
  facts: Facts;
};

/** Does what a message on a topic of commands asks for, or tells why not. Never throws. */
export function obey(message: Incoming, options: CommandOptions): void {
  const { destination, topics, snoozes, clock, facts } = options;
  const target = topics.commandTarget(message.topic);
  if (!target) return;
  const name = ['snooze', target.ruleId, target.cameraId && `on ${target.cameraId}`].filter(Boolean).join(' ');
  try {
    const minutes = minutesFor(target, message, options);
    snoozes.snooze(target, minutes > 0 ? clock.nowMs() + Math.round(minutes * 60_000) : undefined);
    facts.publish({ type: 'command.received', destination, command: `${name} for ${minutes} minutes` });
  } catch (thrown) {
    facts.publish({ type: 'command.received', destination, command: name.slice(0, 200), error: asAgentError(thrown) });
  }
}

function minutesFor(target: SnoozeTarget, { payload, retained }: Incoming, options: CommandOptions): number {
  // It would come again with every connection, long after it was meant.
  if (retained) throw refusal('A command was retained by the broker and is not obeyed: send commands without retain.');
  if (!isKnown(target, options))
    throw refusal('A command names a camera or a rule that is not in the settings, or not sent to this destination.');
  const minutes = snoozeMinutes(payload);
  if (minutes === undefined)
    throw refusal(`A command to snooze needs minutes from 0 to ${mostMinutes}, ON or OFF as its payload.`);
  return minutes;
}

function isKnown(target: SnoozeTarget, { site, destination }: CommandOptions): boolean {
  const cameraIds = site.site.cameras.map(({ id }) => id);
  return snoozeTargets(cameraIds, watchesOf(site, destination)).some(
    known => known.cameraId === target.cameraId && known.ruleId === target.ruleId,
  );
}

function refusal(message: string): AgentError {
  return new AgentError({ code: 'command-refused', kind: 'invalid', retry: 'never', message });
}

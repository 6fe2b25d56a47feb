// What a fact looks like in the journal: its level, its fields, and which facts are the same news again.
// Fields are picked one by one: an error's cause, a picture or a new field of a fact never gets in by accident.
import type { Level } from 'pino';
import { type AgentError, systemCode } from '../errors.ts';
import type { Fact } from '../facts.ts';
import { withoutUserinfo } from '../secret.ts';

type Fields = Record<string, string | number | undefined>;

const cameraLevels = { starting: 'info', live: 'info', offline: 'warn', refused: 'error' } as const;
const deliveryLevels = { waiting: 'warn', delivered: 'info', dead: 'error' } as const;

export function levelOf(fact: Fact): Level {
  switch (fact.type) {
    case 'camera.state':
      return cameraLevels[fact.state];
    case 'alert.delivery':
      return deliveryLevels[fact.state];
    case 'upload.state':
      return fact.error ? 'warn' : 'debug';
    case 'destination.state':
    case 'command.received':
      return fact.error ? 'warn' : 'info';
    case 'stream.checked':
      return fact.drift.length > 0 || fact.retentionHours === 0 ? 'warn' : 'info';
    case 'camera.events':
      return fact.state === 'lost' ? 'warn' : 'info';
    case 'camera.problem':
    case 'fragment.evicted':
    case 'labels.failed':
    case 'labels.paused':
    case 'clock.untrusted':
      return 'warn';
    case 'fragment.rejected':
    case 'spool.failed':
    case 'alerts.failed':
    case 'budget.failed':
    case 'settings.refused':
      return 'error';
    case 'settings.changed':
      return fact.needRestart.length > 0 ? 'warn' : 'info';
    case 'alert.raised':
    case 'labels.resumed':
    case 'camera.clock':
    case 'clock.trusted':
      return 'info';
    case 'upload.backlog':
    case 'camera.motion':
    case 'fragment.spooled':
    case 'fragment.persisted':
    case 'labels.detected':
    case 'sighting.seen':
    case 'rule.active':
      return 'debug';
    case 'ack.received':
    case 'still.sampled':
    case 'sighting.updated':
    case 'rule.evaluated':
      return 'trace';
  }
}

export function fieldsOf(fact: Fact): Fields {
  switch (fact.type) {
    case 'camera.state':
      return { camera: fact.cameraId, state: fact.state, retryAt: isoTime(fact.retryAtMs), ...errorFields(fact.error) };
    case 'upload.state':
      return {
        camera: fact.cameraId,
        state: fact.state,
        retryAt: isoTime(fact.retryAtMs),
        pausedMs: fact.pausedMs,
        ...errorFields(fact.error),
      };
    case 'upload.backlog':
      return { camera: fact.cameraId, backlogSeconds: fact.backlogSeconds, etaSeconds: fact.etaSeconds };
    case 'stream.checked':
      return {
        camera: fact.cameraId,
        stream: fact.stream,
        retentionHours: fact.retentionHours,
        ...Object.fromEntries(fact.drift.map(({ setting, wanted, actual }) => [setting, `${actual}, not ${wanted}`])),
      };
    case 'camera.problem':
      return {
        camera: fact.cameraId,
        lostFrom: isoTime(fact.lostFromMs),
        lostTo: isoTime(fact.lostToMs),
        ...errorFields(fact.error),
      };
    case 'camera.clock':
      return { camera: fact.cameraId, offsetMs: fact.offsetMs };
    case 'camera.motion':
      return { camera: fact.cameraId, active: fact.active ? 1 : 0, at: isoTime(fact.atMs) };
    case 'camera.events':
      return {
        camera: fact.cameraId,
        state: fact.state,
        retryAt: isoTime(fact.retryAtMs),
        ...errorFields(fact.error),
      };
    case 'fragment.spooled':
      return { camera: fact.cameraId, ...span(fact), bytes: fact.bytes };
    case 'fragment.evicted':
      return { camera: fact.cameraId, ...span(fact), reason: fact.reason };
    case 'fragment.persisted':
      return { camera: fact.cameraId, ...span(fact), fragmentNumber: fact.fragmentNumber };
    case 'fragment.rejected':
      return { camera: fact.cameraId, ...span(fact), ...errorFields(fact.error) };
    case 'ack.received':
      return { camera: fact.cameraId, event: fact.eventType, timecodeMs: fact.fragmentTimecodeMs };
    case 'spool.failed':
      return { camera: fact.cameraId, ...errorFields(fact.error) };
    case 'settings.changed':
      return { cameras: fact.cameras, needRestart: fact.needRestart.join(', ') || undefined };
    case 'settings.refused':
    case 'budget.failed':
      return errorFields(fact.error);
    case 'clock.untrusted':
      return {};
    case 'clock.trusted':
      return { source: fact.source, offsetMs: fact.offsetMs };
    case 'still.sampled':
      return { camera: fact.cameraId, at: isoTime(fact.atMs), motionScore: fact.motionScore };
    case 'labels.failed':
      return { camera: fact.cameraId, retryAt: isoTime(fact.retryAtMs), ...errorFields(fact.error) };
    case 'labels.detected':
      return { camera: fact.cameraId, at: isoTime(fact.atMs), sightings: fact.sightings, tookMs: fact.tookMs };
    case 'labels.paused':
      return { camera: fact.cameraId, reason: fact.reason, until: isoTime(fact.untilMs) };
    case 'labels.resumed':
      return { camera: fact.cameraId };
    case 'sighting.seen':
    case 'sighting.updated': {
      const { id, cameraId, atMs, label, confidence } = fact.sighting;
      return { camera: cameraId, at: isoTime(atMs), label, confidence, sighting: id };
    }
    case 'rule.evaluated':
      return { rule: fact.ruleId, camera: fact.cameraId, sighting: fact.sightingId, outcome: fact.outcome };
    case 'rule.active':
      return { rule: fact.ruleId, camera: fact.cameraId, active: fact.active ? 1 : 0, at: isoTime(fact.atMs) };
    case 'alert.raised':
      return {
        camera: fact.alert.cameraId,
        rule: fact.alert.ruleId,
        alert: fact.alert.id,
        at: isoTime(fact.alert.atMs),
      };
    case 'alerts.failed':
      return { retryAt: isoTime(fact.retryAtMs), ...errorFields(fact.error) };
    case 'alert.delivery':
      return {
        alert: fact.alertId,
        destination: withoutUserinfo(fact.destination),
        state: fact.state,
        retryAt: isoTime(fact.retryAtMs),
        ...errorFields(fact.error),
      };
    case 'destination.state':
      return {
        destination: fact.destination,
        state: fact.state,
        retryAt: isoTime(fact.retryAtMs),
        ...errorFields(fact.error),
      };
    case 'command.received':
      return { destination: fact.destination, command: fact.command, ...errorFields(fact.error) };
  }
}

/** Equal keys are the same news again; `undefined` for facts that are always written. */
export function repeatKeyOf(fact: Fact): string | undefined {
  if (fact.type === 'fragment.evicted') return `${fact.type} ${fact.cameraId} ${fact.reason}`;
  if (!('error' in fact) || !fact.error) return undefined;
  return `${fact.type} ${aboutOf(fact)} ${fact.error.code} ${fact.error.message}`;
}

function aboutOf(fact: Fact): string {
  if (fact.type === 'alert.delivery') return `${fact.destination} ${fact.state}`;
  if ('destination' in fact) return fact.destination;
  return 'cameraId' in fact ? fact.cameraId : '';
}

function errorFields(error: AgentError | undefined): Fields {
  if (!error) return {};
  return { code: error.code, message: withoutUserinfo(error.message), cause: systemCode(error) };
}

function span({ startMs, endMs }: { startMs: number; endMs: number }): Fields {
  return { from: isoTime(startMs), to: isoTime(endMs) };
}

function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

// From the cameras as they run to the cameras as they are to run: what begins, what ends, and which lines of a camera that
// stays have to begin anew. Pure. A camera that did not change is not in it.
import { isDeepStrictEqual } from 'node:util';
import { Secret } from '../secret.ts';
import type { AgentSettings } from './load.ts';

/** A camera of the settings, with its password instead of the place of one. */
export type FleetCamera = Omit<AgentSettings['cameras'][number], 'password'> & { password?: Secret };

/** What runs for each camera: camera → disk, disk → service, disk → labels → alerts, and the camera's own events. */
export type CameraLine = 'ingest' | 'upload' | 'analysis' | 'events';

export type FleetChanges = {
  added: FleetCamera[];
  /** `lines` are to begin anew; it is empty when what changed is looked up wherever it is needed. */
  changed: { camera: FleetCamera; lines: CameraLine[] }[];
  removed: FleetCamera[];
};

/** The lines that a setting is given to when they begin. The compiler asks for a place for every new setting. */
const linesOf: { readonly [Setting in keyof Required<FleetCamera>]: readonly CameraLine[] } = {
  id: [],
  url: ['ingest'],
  username: ['ingest', 'events'],
  password: ['ingest', 'events'],
  tlsFingerprint: ['ingest', 'events'],
  transport: ['ingest'],
  reader: ['ingest'],
  onvif: ['events'],
  video: ['ingest'],
  audio: ['ingest'],
  stream: ['upload'],
  retentionHours: ['upload'],
  kmsKeyId: ['upload'],
  tags: ['upload'],
  localRetentionHours: [],
  groups: [],
  zones: [],
  lines: [],
  labels: ['analysis'],
};

const settingNames = Object.keys(linesOf) as (keyof FleetCamera)[];

export function fleetChanges(before: readonly FleetCamera[], after: readonly FleetCamera[]): FleetChanges {
  const old = new Map(before.map(camera => [camera.id, camera]));
  const kept = new Set(after.map(({ id }) => id));
  return {
    added: after.filter(({ id }) => !old.has(id)),
    changed: after.flatMap(camera => {
      const was = old.get(camera.id);
      const settings = was ? settingNames.filter(name => differs(was[name], camera[name])) : [];
      const lines = new Set(settings.flatMap(name => linesOf[name]));
      return settings.length === 0 ? [] : [{ camera, lines: [...lines] }];
    }),
    removed: before.filter(({ id }) => !kept.has(id)),
  };
}

const liveSettings = ['cameras', 'rules', 'destinations', 'models', 'budget'];

/** Names of settings that differ and that a running agent does not follow, such as `web.listen`: those hold from the agent's start on. */
export function fixedChanges(started: AgentSettings, now: AgentSettings): string[] {
  const names = Object.keys({ ...started, ...now }).filter(name => !liveSettings.includes(name));
  return names.flatMap(name => changedWithin(name, Reflect.get(started, name), Reflect.get(now, name)));
}

function changedWithin(name: string, was: unknown, is: unknown): string[] {
  if (!differs(was, is)) return [];
  if (!(was instanceof Object && is instanceof Object)) return [name];
  return Object.keys({ ...was, ...is }).flatMap(key =>
    differs(Reflect.get(was, key), Reflect.get(is, key)) ? [`${name}.${key}`] : [],
  );
}

function differs(one: unknown, other: unknown): boolean {
  // Two secrets look the same to every comparison but this one.
  if (one instanceof Secret && other instanceof Secret) return one.reveal() !== other.reveal();
  return !isDeepStrictEqual(one, other);
}

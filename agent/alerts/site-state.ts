// What holds on the site now, for destinations that show states instead of single alerts: which cameras give video, which
// rules are active, what was seen last. Kept from facts for the agent's whole life, so that it is right from the first
// moment of a destination that is set up later.
import type { CameraSettings } from '../../shared/camera-settings.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import type { Fact, Facts } from '../facts.ts';

export type SiteCamera = Pick<CameraSettings, 'id' | 'groups' | 'zones' | 'lines'>;

/** What of the settings it is about. */
export type Site = { siteName: string; cameras: readonly SiteCamera[]; rules: readonly RuleSettings[] };

/** What a camera showed last, when it was first seen there. */
export type LastSeen = { label: string; confidence: number; atMs: number };

export class SiteState implements Disposable {
  #site: Site;
  readonly #live = new Set<string>();
  /** Cameras by the rule that is active there. */
  readonly #active = new Map<string, Set<string>>();
  readonly #lastSeen = new Map<string, LastSeen>();
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;

  constructor(site: Site, facts: Facts) {
    this.#site = site;
    this.#unsubscribe = facts.subscribe(fact => this.#take(fact));
  }

  get site(): Site {
    return this.#site;
  }

  /** From now on these are the cameras and rules. */
  follow(site: Site): void {
    this.#site = site;
    const cameras = new Set(site.cameras.map(({ id }) => id));
    const watched = new Map(site.rules.map(rule => [rule.id, new Set(watchedCameras(rule, site))]));
    for (const id of this.#live) if (!cameras.has(id)) this.#live.delete(id);
    for (const id of this.#lastSeen.keys()) if (!cameras.has(id)) this.#lastSeen.delete(id);
    for (const [ruleId, active] of this.#active)
      for (const id of active) if (!watched.get(ruleId)?.has(id)) active.delete(id);
    this.#announce();
  }

  /** Whether the camera gives video. */
  isLive(cameraId: string): boolean {
    return this.#live.has(cameraId);
  }

  /** Whether what the rule asks for is there now. */
  isActive(ruleId: string, cameraId: string): boolean {
    return this.#active.get(ruleId)?.has(cameraId) ?? false;
  }

  /** Whether it is there on any camera. */
  isActiveAnywhere(ruleId: string): boolean {
    return (this.#active.get(ruleId)?.size ?? 0) > 0;
  }

  lastSeen(cameraId: string): LastSeen | undefined {
    return this.#lastSeen.get(cameraId);
  }

  /** Rules that look at pictures and whose alerts go to this destination. */
  rulesTo(destination: string): RuleSettings[] {
    return this.#site.rules.filter(
      ({ when, then: routes }) => when.health === undefined && routes.some(({ to }) => to === destination),
    );
  }

  /** Called after every change. Returns the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#listeners.clear();
  }

  #take(fact: Fact): void {
    if (fact.type === 'camera.state') this.#put(this.#live, fact.cameraId, fact.state === 'live');
    if (fact.type === 'rule.active') {
      const active = this.#active.get(fact.ruleId) ?? new Set();
      this.#active.set(fact.ruleId, active);
      this.#put(active, fact.cameraId, fact.active);
    }
    if (fact.type === 'sighting.seen') {
      const { cameraId, label, confidence, atMs } = fact.sighting;
      this.#lastSeen.set(cameraId, { label, confidence, atMs });
      this.#announce();
    }
  }

  #put(holding: Set<string>, name: string, holds: boolean): void {
    if (holding.has(name) === holds) return;
    if (holds) holding.add(name);
    else holding.delete(name);
    this.#announce();
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Ids of the cameras on which the rule can become active. */
export function watchedCameras({ when }: RuleSettings, { cameras }: Pick<Site, 'cameras'>): string[] {
  const { cameras: ids, groups, zones, line } = when;
  const isNamed = (camera: SiteCamera) =>
    (ids === undefined && groups === undefined) ||
    ids?.includes(camera.id) ||
    camera.groups.some(group => groups?.includes(group));
  const hasPlace = (camera: SiteCamera) =>
    (zones === undefined || camera.zones.some(({ name }) => zones.includes(name))) &&
    (line === undefined || camera.lines.some(({ name }) => name === line.name));
  return cameras.filter(camera => isNamed(camera) && hasPlace(camera)).map(({ id }) => id);
}

// The rules as each camera needs them: those that look at a label there, with their zones and line found and their hours read.
// An index, so that a frame costs only what its labels cost.
import type { CameraSettings } from '../../shared/camera-settings.ts';
import type { CrossingLine, Zone } from '../../shared/label-settings.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import { type WeeklyHours, weeklyHours } from './hours.ts';
import { LocalTime } from './local-time.ts';

/** What rules look at of a camera. */
export type RuledCamera = Pick<CameraSettings, 'id' | 'groups' | 'zones' | 'lines'>;

export type RuleBookSettings = {
  rules: readonly RuleSettings[];
  cameras: readonly RuledCamera[];
  /** Of the hours. Left out: that of the device. */
  timeZone?: string | undefined;
};

/** A rule on one camera. */
export type CameraRule = {
  rule: RuleSettings;
  /** Undefined when the rule names none; empty when the camera has none of those. */
  zones: readonly Zone[] | undefined;
  /** Undefined also when the camera has no line of that name. */
  line: CrossingLine | undefined;
  hours: WeeklyHours | undefined;
  /** Crossings go into a count instead of raising an alert each. */
  counts: boolean;
  /** Equal while what has to match is the same. */
  identity: string;
};

/** Models know a few hundred labels; the index begins anew when somebody sends more. */
const maxLabels = 4096;

export class RuleBook {
  readonly time: LocalTime;
  /** As they stand in the settings, those for health too. */
  readonly rules: readonly RuleSettings[];
  readonly #cameras: ReadonlyMap<string, RuledCamera>;
  readonly #hours: ReadonlyMap<RuleSettings, WeeklyHours | undefined>;
  readonly #byCamera = new Map<string, { all: CameraRule[]; byLabel: Map<string, CameraRule[]> }>();

  constructor({ rules, cameras, timeZone }: RuleBookSettings) {
    this.time = new LocalTime(timeZone);
    this.rules = rules;
    this.#cameras = new Map(cameras.map(camera => [camera.id, camera]));
    this.#hours = new Map(rules.map(rule => [rule, weeklyHours(rule.hours)]));
  }

  hoursOf(rule: RuleSettings): WeeklyHours | undefined {
    return this.#hours.get(rule);
  }

  /** In the order of the settings; none that look at health. */
  of(cameraId: string, label: string): readonly CameraRule[] {
    const { all, byLabel } = this.#of(cameraId);
    const known = byLabel.get(label);
    if (known) return known;
    if (byLabel.size >= maxLabels) byLabel.clear();
    const found = all.filter(({ rule }) => asksForLabel(rule, label));
    byLabel.set(label, found);
    return found;
  }

  looksAt(rule: RuleSettings, cameraId: string): boolean {
    const { cameras, groups } = rule.when;
    if (!cameras && !groups) return true;
    if (cameras?.includes(cameraId)) return true;
    return groups?.some(group => this.#cameras.get(cameraId)?.groups.includes(group)) ?? false;
  }

  #of(cameraId: string) {
    const known = this.#byCamera.get(cameraId);
    if (known) return known;
    const rules = this.rules.filter(rule => !rule.when.health && this.looksAt(rule, cameraId));
    const found = { all: rules.map(rule => this.#onCamera(rule, cameraId)), byLabel: new Map<string, CameraRule[]>() };
    this.#byCamera.set(cameraId, found);
    return found;
  }

  #onCamera(rule: RuleSettings, cameraId: string): CameraRule {
    const camera = this.#cameras.get(cameraId);
    const { when } = rule;
    const zones = when.zones && (camera?.zones ?? []).filter(({ name }) => when.zones?.includes(name));
    const line = when.line && camera?.lines.find(({ name }) => name === when.line?.name);
    const identity = JSON.stringify([when, zones, line]);
    const counts = when.line !== undefined && when.everyMinutes !== undefined;
    return { rule, zones, line, hours: this.#hours.get(rule), counts, identity };
  }
}

/** People write `person`, Rekognition answers `Person`. A rule with a line and without labels asks for anything. */
export function asksForLabel({ when }: RuleSettings, label: string): boolean {
  if (when.health) return false;
  return when.labels?.some(wanted => sameLabel(wanted, label)) ?? true;
}

function sameLabel(wanted: string, seen: string): boolean {
  return wanted.trim().toLowerCase() === seen.trim().toLowerCase();
}

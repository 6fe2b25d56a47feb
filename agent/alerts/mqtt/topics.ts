// Names of topics: templates filled in, and topics of commands read back. Pure.

/** What a template's names stand for. */
export type TopicNames = { site: string; camera?: string; rule?: string };

/** Fills in `{site}`, `{camera}` and `{rule}`; what is filled in never adds a level or a wildcard. */
export function topicOf(template: string, names: TopicNames): string {
  const { site, camera = 'device', rule = '' } = names;
  const values: Record<string, string> = { site, camera, rule };
  return template.replace(/\{(site|camera|rule)\}/g, (_, name: string) => topicLevel(values[name] ?? ''));
}

/** Any text as one level of a topic: not empty, without separators, wildcards, blanks and control characters. */
export function topicLevel(text: string): string {
  const level = text
    .normalize('NFC')
    .toWellFormed()
    .replace(/[+#/\s\p{C}\uFFFD]+/gu, '-')
    .replace(/^\$/, '-');
  return level === '' ? '-' : level;
}

/**
 * Topics of one agent's states and commands. Cameras and rules are named by their ids, which need no care; no two topics are
 * the same, however they are named, for each kind has an end of its own.
 */
export class StateTopics {
  readonly base: string;

  constructor(base: string, site: string) {
    this.base = topicOf(base, { site });
  }

  /** `online` while the agent is connected; its last will says `offline`. */
  get availability(): string {
    return `${this.base}/availability`;
  }

  /** `online` or `offline`. */
  camera(camera: string): string {
    return `${this.base}/${camera}/state`;
  }

  /** `ON` while the rule is active on the camera. */
  rule(camera: string, rule: string): string {
    return `${this.base}/${camera}/${rule}/state`;
  }

  /** What was seen last. */
  label(camera: string): string {
    return `${this.base}/${camera}/label`;
  }

  /** `ON` while snoozed. */
  snoozed(target: CommandTarget): string {
    return [this.base, ...levelsOf(target), 'snoozed'].join('/');
  }

  snoozeCommand(target: CommandTarget): string {
    return [this.base, ...levelsOf(target), 'command', 'snooze'].join('/');
  }

  /** Of every topic under `base` that is kept. */
  get stateFilters(): string[] {
    return ['snoozed', '+/state', '+/label', '+/snoozed', '+/+/state', '+/+/snoozed'].map(end => `${this.base}/${end}`);
  }

  get commandFilters(): string[] {
    return ['', '/+', '/+/+'].map(levels => `${this.base}${levels}/command/snooze`);
  }

  /** Undefined for a topic that is none of a command. */
  commandTarget(topic: string): CommandTarget | undefined {
    if (!topic.startsWith(`${this.base}/`) || !topic.endsWith('/command/snooze')) return undefined;
    const levels = topic.slice(this.base.length, -'/command/snooze'.length).split('/').slice(1);
    const [cameraId, ruleId] = levels;
    if (levels.length > 2) return undefined;
    return { ...(cameraId === undefined ? {} : { cameraId }), ...(ruleId === undefined ? {} : { ruleId }) };
  }
}

/** Everything, a camera, or a rule on a camera. */
export type CommandTarget = { cameraId?: string; ruleId?: string };

function levelsOf({ cameraId, ruleId }: CommandTarget): string[] {
  return [cameraId, ruleId].flatMap(level => level ?? []);
}

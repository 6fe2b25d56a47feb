// `kvs-edge rules`: why rules spoke or were silent, and what they would have said. Reads what the agent keeps on disk, beside an
// agent that runs or without one.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { outcomeWords, type RuleOutcome } from '../../shared/rule-outcome.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import { RuleMemoryStore } from '../alerts/rule-memory/rule-memory.ts';
import { systemClock } from '../clock.ts';
import { AgentError, systemCode } from '../errors.ts';
import { replayAnswer, ruleUnknown, whyAnswer } from '../rule-answers.ts';
import type { RuleFrame } from '../rules/evaluate.ts';
import { framesOfPaths } from '../rules/frames-of-paths.ts';
import { Replay, type Replayed, replay } from '../rules/replay.ts';
import { type AgentSettings, loadSettings } from '../settings/load.ts';
import { readRuleDraft } from '../settings/rule-draft.ts';
import { options, UsageError, wholeNumber } from './arguments.ts';
import { ruleSet, ruleSetNames } from './rule-sets.ts';
import { readSightings } from './sightings-file.ts';
import { textTable } from './text-table.ts';

type Print = (text: string) => void;

const hourMs = 3_600_000;
/** Firings shown of one rule, the newest. */
const firingsShown = 20;

/** @throws UsageError; AgentError `settings-…`, `rule-unknown`, `sighting-unknown`, `file-unreadable`, `disk-*` */
export async function rulesCommand([action, ...args]: string[], print: Print): Promise<void> {
  if (action === 'replay') await replayRules(args, print);
  else if (action === 'test') await testRules(args, print);
  else if (action === 'why') await tellWhy(args, print);
  else if (action === 'sets') await showSets(args, print);
  else throw new UsageError('rules takes replay, test, why or sets');
}

async function replayRules(args: string[], print: Print): Promise<void> {
  const { config, rule, file, hours, camera, json } = options(args, {
    required: ['config'],
    optional: ['rule', 'file', 'hours', 'camera'],
    flags: ['json'],
  });
  const settings = await loadSettings(config);
  const rules = await chosenRules(settings, { rule, file });
  using memory = openMemory(settings);
  const toMs = systemClock.nowMs();
  const wanted = toMs - wholeNumber('hours', hours ?? '24', { from: 1, to: 168 }) * hourMs;
  const fromMs = Math.max(wanted, memory.frames.oldestMs() ?? toMs);
  const runs = rules.map(rule => ({ rule, run: new Replay({ ...settings, rule }) }));
  for (const frame of memory.frames.read({ fromMs, toMs })) {
    if (camera !== undefined && frame.cameraId !== camera) continue;
    for (const { run } of runs) run.take(frame);
  }
  const answers = runs.map(({ rule, run }) => replayAnswer(rule, run.end(toMs), { fromMs, toMs }));
  if (json) return print(`${JSON.stringify(answers)}\n`);
  print(`From ${isoTime(fromMs)} to ${isoTime(toMs)}, as far back as is kept:\n\n`);
  for (const { ruleId, fired, firings, sightings, silent } of answers) {
    print(`${ruleId}: ${fired} alert${fired === 1 ? '' : 's'}, of ${sightings} sightings.\n`);
    const rows = firings.slice(-firingsShown).map(({ atMs, cameraId, why }) => [`  ${isoTime(atMs)}`, cameraId, why]);
    print(`${textTable(rows)}${silentWords(silent)}\n`);
  }
}

async function testRules(args: string[], print: Print): Promise<void> {
  const { rest, file: sightingsFile } = withOptionalFile(args);
  const { config, rule, json } = options(rest, { required: ['config'], optional: ['rule'], flags: ['json'] });
  const settings = await loadSettings(config);
  const rules = await chosenRules(settings, { rule });
  const frames = sightingsFile ? framesOfPaths(await readSightings(sightingsFile)) : storedFrames(settings);
  const lastMs = frames.at(-1)?.atMs ?? 0;
  const tested = rules.map(rule => ({ rule, replayed: replay(frames, { ...settings, rule, toMs: lastMs + 1 }) }));
  const things = new Map(frames.flatMap(({ seen }) => seen.map(({ sighting }) => [sighting.id, sighting] as const)));
  const verdicts = [...things.values()].flatMap(({ id, cameraId, label, atMs }) =>
    tested.map(({ rule, replayed }) => {
      const outcome: RuleOutcome = replayed.outcomes.get(id) ?? 'label';
      return {
        sightingId: id,
        atMs,
        cameraId,
        label,
        ruleId: rule.id,
        outcome,
        words: verdictOf(replayed, id, outcome),
      };
    }),
  );
  if (json) return print(`${JSON.stringify(verdicts)}\n`);
  if (verdicts.length === 0) return print('There is nothing to test: nothing was seen, or there are no rules.\n');
  print(
    textTable([
      ['TIME', 'CAMERA', 'LABEL', 'RULE', 'WHY'],
      ...verdicts.map(({ atMs, cameraId, label, ruleId, words }) => [isoTime(atMs), cameraId, label, ruleId, words]),
    ]),
  );
}

async function tellWhy(args: string[], print: Print): Promise<void> {
  const { SIGHTING, config, json } = options(args, { operands: ['SIGHTING'], required: ['config'], flags: ['json'] });
  const settings = await loadSettings(config);
  using memory = openMemory(settings);
  const answer = whyAnswer(SIGHTING, { settings, ruleMemory: memory });
  if (json) return print(`${JSON.stringify(answer)}\n`);
  print(`${answer.label} on ${answer.cameraId}\n\n`);
  print(
    textTable([
      ['RULE', 'WHY', 'FROM', 'FRAMES'],
      ...answer.rules.flatMap(({ ruleId, outcome, told }) =>
        told.length === 0
          ? [[ruleId, outcome ? outcomeWords[outcome] : 'was not asked, or nobody knows any more', '', '']]
          : told.map(({ outcome, firstMs, frames }) => [
              ruleId,
              outcomeWords[outcome],
              isoTime(firstMs),
              String(frames),
            ]),
      ),
    ]),
  );
}

async function showSets(args: string[], print: Print): Promise<void> {
  const { rest, file: name } = withOptionalFile(args);
  options(rest, {});
  if (name === undefined) return print(textTable(await ruleSetNames()));
  const text = await ruleSet(name);
  if (text === undefined) throw new UsageError(`there is no set ${name}; kvs-edge rules sets lists them`);
  print(`${text.trimEnd()}\n`);
}

/** A word that may be left out, before or after the options. */
function withOptionalFile(args: string[]): { rest: string[]; file: string | undefined } {
  const [first] = args;
  return first === undefined || first.startsWith('-')
    ? { rest: args, file: undefined }
    : { rest: args.slice(1), file: first };
}

async function chosenRules(
  settings: AgentSettings,
  { rule: id, file }: { rule?: string | undefined; file?: string | undefined },
): Promise<RuleSettings[]> {
  if (file !== undefined) {
    if (id !== undefined) throw new UsageError('rules replay takes --rule or --file, not both');
    return [readRuleDraft(await readYaml(file), settings)];
  }
  const rules = settings.rules.filter(rule => !rule.when.health && (id === undefined || rule.id === id));
  if (id !== undefined && rules.length === 0) throw ruleUnknown(id);
  return rules;
}

async function readYaml(path: string): Promise<unknown> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const reason = systemCode(cause) === undefined ? 'it is not YAML' : `the system says ${systemCode(cause)}`;
    const message = `The rule in ${path} could not be read: ${reason}.`;
    throw new AgentError({ code: 'file-unreadable', kind: 'invalid', retry: 'never', message, cause });
  }
}

function openMemory({ dataDir }: AgentSettings): RuleMemoryStore {
  return new RuleMemoryStore({ dataDir, clock: systemClock, readOnly: true });
}

/** Of the last 24 hours. */
function storedFrames(settings: AgentSettings): RuleFrame[] {
  using memory = openMemory(settings);
  const toMs = systemClock.nowMs();
  return [...memory.frames.read({ fromMs: toMs - 24 * hourMs, toMs })];
}

function verdictOf({ firings }: Replayed, id: string, outcome: RuleOutcome): string {
  const firing = firings.find(({ sightings }) => sightings.some(sighting => sighting.id === id));
  return firing ? `raises an alert: ${firing.why}` : outcomeWords[outcome];
}

function silentWords(silent: Replayed['silent']): string {
  const rows = Object.entries(silent).map(([outcome, count]) => {
    return [`  ${count} ×`, outcomeWords[outcome as RuleOutcome]];
  });
  return textTable(rows);
}

function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

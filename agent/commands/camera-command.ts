// `kvs-edge camera`: the cameras of a settings file, listed, added, changed and removed. A running agent makes the change, so
// that it holds at once; without one the command changes the file itself.
import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { askAgent } from '../control/control-client.ts';
import { AgentError, systemCode } from '../errors.ts';
import { CameraBook } from '../settings/camera-book.ts';
import { cameraFields, fieldChange, fieldNamed, fieldValue, unknownFieldRule } from '../settings/camera-fields.ts';
import { loadSettings } from '../settings/load.ts';
import { type Group, mergePatch } from '../settings/merge-patch.ts';
import { options, UsageError } from './arguments.ts';
import { readPassword } from './ask-password.ts';
import { cameraRequests } from './camera-requests.ts';
import { needRestartSchema, restartWords } from './reload-command.ts';
import { textTable } from './text-table.ts';

type Print = (text: string) => void;

const editedSchema = z.looseObject({ needRestart: needRestartSchema });
const removedSchema = editedSchema.extend({ changedRules: z.array(z.string()), removedRules: z.array(z.string()) });
const importedSchema = editedSchema.extend({
  added: z.int(),
  rows: z.array(
    z.looseObject({
      ...{ row: z.int(), id: z.string().optional(), outcome: z.string() },
      problem: z.looseObject({ code: z.string(), message: z.string() }).optional(),
    }),
  ),
});
type Imported = z.infer<typeof importedSchema>;

const passwordOptions = { optional: ['username', 'password-env', 'password-file'], flags: ['password'] } as const;

/**
 * Resolves to the exit code: 1 when rows of a list were refused. Rejects with a UsageError, or an AgentError: `camera-…`,
 * `settings-…`, `disk-…`, `control-failed`.
 */
export async function cameraCommand([action, ...args]: string[], print: Print): Promise<number> {
  const command = action !== undefined && Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!command) throw new UsageError('camera takes list, add, edit, remove, import or export');
  return (await command(args, print)) ?? 0;
}

const actions: Record<string, (args: string[], print: Print) => Promise<number | undefined>> = {
  async list(args, print) {
    const { config, json } = options(args, { required: ['config'], flags: ['json'] });
    const cameras = await (await bookOf(config)).list();
    const rows = cameras.map(({ id, url, username = '', hasPassword, stream }) => {
      return [id, url, username, hasPassword ? 'yes' : 'no', stream];
    });
    print(
      json ? `${JSON.stringify(cameras)}\n` : textTable([['CAMERA', 'ADDRESS', 'USER', 'PASSWORD', 'STREAM'], ...rows]),
    );
  },

  async add(args, print) {
    const given = options(args, {
      ...{ operands: ['ID', 'URL'], required: ['config'], repeated: ['set'] },
      optional: [...passwordOptions.optional],
      flags: [...passwordOptions.flags],
    });
    const entry = { id: given.ID, url: given.URL, ...(await signIn(given)), ...settingsOf(given.set) };
    const answer = editedSchema.parse(await ask(given.config, 'camera.add', entry));
    print(`The camera ${given.ID} is added.\n${restartWords(answer.needRestart)}`);
  },

  async edit(args, print) {
    const given = options(args, {
      ...{ operands: ['ID'], required: ['config'], repeated: ['set', 'unset'] },
      optional: ['url', ...passwordOptions.optional],
      flags: [...passwordOptions.flags],
    });
    const url = given.url === undefined ? {} : { url: given.url };
    const gone = given.unset.map(name => (isGroupName(name) ? { [name]: null } : fieldChange(knownField(name), null)));
    const changes = [url, await signIn(given), settingsOf(given.set), ...gone].reduce(bothChanges);
    if (Object.keys(changes).length === 0) throw new UsageError('say what is to change');
    const answer = editedSchema.parse(await ask(given.config, 'camera.change', { id: given.ID, changes }));
    print(`The camera ${given.ID} is changed.\n${restartWords(answer.needRestart)}`);
  },

  async remove(args, print) {
    const { ID: id, config, force } = options(args, { operands: ['ID'], required: ['config'], flags: ['force'] });
    const answer = removedSchema.parse(await ask(config, 'camera.remove', { id, force }));
    const { changedRules, removedRules } = answer;
    print(`The camera ${id} is removed. Video of it that waits on this device is still sent while an agent runs.\n`);
    if (changedRules.length > 0) print(`Rules that do not name it any more: ${changedRules.join(', ')}.\n`);
    if (removedRules.length > 0) print(`Rules that were for it alone and are removed: ${removedRules.join(', ')}.\n`);
    print(restartWords(answer.needRestart));
  },

  async import(args, print) {
    const given = options(args, {
      ...{ operands: ['FILE'], required: ['config'], flags: ['dry-run', 'skip-bad', 'json'] },
    });
    const request = { csv: await readCsv(given.FILE), dryRun: given['dry-run'], skipBad: given['skip-bad'] };
    const answer = importedSchema.parse(await ask(given.config, 'camera.import', request));
    print(given.json ? `${JSON.stringify(answer)}\n` : importWords(answer));
    return answer.rows.some(({ outcome }) => outcome === 'refused') ? 1 : 0;
  },

  async export(args, print) {
    const { config, to } = options(args, { required: ['config'], optional: ['to'] });
    const csv = await (await bookOf(config)).exportCsv();
    if (to === undefined) return print(csv) ?? 0;
    await writeFile(to, csv).catch(error => {
      throw fileProblem(to, 'written', error);
    });
    print(`The cameras are in ${to}, without their passwords.\n`);
  },
};

async function bookOf(path: string): Promise<CameraBook> {
  const { dataDir } = await loadSettings(path);
  return new CameraBook({ path, dataDir, clock: systemClock });
}

async function ask(path: string, request: string, params: unknown): Promise<unknown> {
  const { dataDir } = await loadSettings(path);
  const agent = { dataDir, clock: systemClock, timeoutMs: 60_000 };
  try {
    return await askAgent({ ...agent, request, params });
  } catch (error) {
    if (!isNotRunning(error)) throw error;
  }
  const book = new CameraBook({ path, dataDir, clock: systemClock });
  const answer = await cameraRequests(book)[request]?.(params);
  // One that was being started meanwhile may have read the file before.
  await askAgent({ ...agent, request: 'settings.reload' }).catch(error => {
    if (!isNotRunning(error)) throw error;
  });
  return answer;
}

function isNotRunning(error: unknown): boolean {
  return error instanceof AgentError && error.code === 'agent-not-running';
}

type SignIn = {
  username: string | undefined;
  password: boolean;
  'password-env': string | undefined;
  'password-file': string | undefined;
};

async function signIn(given: SignIn): Promise<Group> {
  const { username, password: asked, 'password-env': variable, 'password-file': file } = given;
  const password = await readPassword({ asked, variable, file });
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

/** `--set labels.everySeconds=5`. */
function settingsOf(words: readonly string[]): Group {
  return words
    .map(word => {
      const [name = '', ...value] = word.split('=');
      if (value.length === 0) throw new UsageError(`--set takes NAME=VALUE, not ${word}`);
      const field = knownField(name);
      return fieldChange(field, fieldValue(field, value.join('=')));
    })
    .reduce(bothChanges, {});
}

/** A whole group, such as labels, or the password. */
function isGroupName(name: string): boolean {
  return [...cameraFields().keys()].some(field => field.startsWith(`${name}.`));
}

function knownField(name: string): string {
  const field = fieldNamed(name);
  if (field === undefined || field.startsWith('password')) throw new UsageError(`${name} ${unknownFieldRule(name)}`);
  return field;
}

/** Both changes in one: nulls are kept, for they say what goes. */
function bothChanges(one: Group, other: Group): Group {
  const gone = Object.entries(other).filter(([, value]) => value === null);
  return { ...mergePatch(one, other), ...Object.fromEntries(gone) };
}

async function readCsv(path: string): Promise<string> {
  try {
    const bytes = path === '-' ? Buffer.from(await text(process.stdin)) : await readFile(path);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw fileProblem(path, 'read', error);
  }
}

function fileProblem(path: string, done: string, cause: unknown): AgentError {
  const why =
    cause instanceof TypeError
      ? 'it is not in UTF-8, so save it as "CSV UTF-8"'
      : (systemCode(cause) ?? 'unknown error');
  return new AgentError({
    ...{ code: 'settings-invalid', kind: 'invalid', retry: 'never', cause },
    message: `${path} cannot be ${done}: ${why}.`,
  });
}

function importWords({ added, rows, needRestart }: Imported): string {
  const refused = rows.filter(({ outcome }) => outcome === 'refused');
  const good = rows.filter(({ outcome }) => outcome === 'good').length;
  const lines = refused.map(({ row, id = '', problem }) => `row ${row}  ${id}  ${problem?.message ?? ''}\n`);
  const sum = [
    added > 0 || good === 0 ? `${added} added` : `${good} can be added, nothing was`,
    ...(refused.length > 0 ? [`${refused.length} refused`] : []),
  ];
  return `${lines.join('')}${sum.join(', ')}.\n${restartWords(needRestart)}`;
}

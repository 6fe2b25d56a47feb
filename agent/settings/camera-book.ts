// The cameras in the settings file, as people add, change and remove them: by the console, by a command, with an agent that
// runs or without. Each change is one step from one good file to the next, made by one process at a time; it takes hold in
// the agent before the next one begins.
import { setImmediate } from 'node:timers/promises';
import type { CameraEdited, CameraRemoved, ImportAnswer } from '../../shared/api.ts';
import type { CameraChanges, ImportedRow, ShownCamera } from '../../shared/camera-edits.ts';
import type { Clock } from '../clock.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import { type CsvRow, readCameraCsv, writeCameraCsv } from './camera-csv.ts';
import { forgetSecrets, writeSecret } from './camera-secrets.ts';
import { cameraUnknown, fieldsInvalid, fileKeepsChanging } from './edit-errors.ts';
import { lockSettings } from './edit-lock.ts';
import { type AgentSettings, loadSettings, maxFileBytes, parseSettings, readSettingsText } from './load.ts';
import { removeFile } from './private-file.ts';
import { replaceFile } from './replace-file.ts';
import { type CameraEntry, placesOf, SettingsDraft } from './settings-draft.ts';
import { shownCamera } from './shown-camera.ts';

/** Makes settings hold. Resolves to the names of those that hold only after a restart. */
export type ApplySettings = () => Promise<string[]>;

export type CameraBookOptions = {
  /** The settings file. */
  path: string;
  /** Of the settings when the process began. */
  dataDir: string;
  clock: Clock;
  /** Rejects when the settings cannot hold, such as for a secret that is missing: then they are not written. Left out: nobody runs. */
  prepare?: (settings: AgentSettings) => Promise<ApplySettings>;
};

/** What came of an import, and who may say where passwords are. */
export type ImportOptions = { csv: string; dryRun: boolean; skipBad: boolean; references: boolean };

type Edited<T> = { result: T; settings: AgentSettings; needRestart: string[]; isWritten: boolean };

/**
 * Every method rejects with an AgentError: `settings-invalid` and `settings-unreadable`, also when the file itself is not right
 * now; `settings-read-only`, `disk-…`. Nothing has changed then.
 */
export class CameraBook {
  readonly #options: CameraBookOptions;

  constructor(options: CameraBookOptions) {
    this.#options = options;
  }

  /** Rejects with `camera-exists` too. */
  async add(camera: CameraEntry): Promise<CameraEdited> {
    return editedCamera(camera.id, await this.#edit(draft => draft.add(camera)));
  }

  /** Rejects with `camera-unknown` too. */
  async change(id: string, changes: CameraChanges): Promise<CameraEdited> {
    return editedCamera(id, await this.#edit(draft => draft.change(id, changes)));
  }

  /** Rejects with `camera-unknown` and, unless `force`, with `camera-in-rules` too. */
  async remove(id: string, options: { force: boolean }): Promise<CameraRemoved> {
    const { result, needRestart } = await this.#edit(draft => draft.remove(id, options));
    return { ...result, needRestart };
  }

  /** `references`: the list may name variables and files of this device as the place of a password. */
  async importCsv({ csv, dryRun, skipBad, references }: ImportOptions): Promise<ImportAnswer> {
    const listed = readCameraCsv(csv);
    const take = (draft: SettingsDraft) => listed.map(row => importRow(draft, row, references));
    const isWanted = (rows: ImportedRow[]) =>
      rows.some(({ outcome }) => outcome === 'good') && (skipBad || rows.every(({ outcome }) => outcome === 'good'));
    if (dryRun) return { added: 0, rows: take(await this.#draft()), needRestart: [] };
    const { result, isWritten, needRestart } = await this.#edit(take, isWanted);
    if (!isWritten) return { added: 0, rows: result, needRestart };
    const rows = result.map((row): ImportedRow => (row.outcome === 'good' ? { ...row, outcome: 'added' } : row));
    return { added: rows.filter(({ outcome }) => outcome === 'added').length, rows, needRestart };
  }

  /** Of cameras as they are in the file. */
  async exportCsv(): Promise<string> {
    return writeCameraCsv((await this.#draft()).written());
  }

  async list(): Promise<ShownCamera[]> {
    return (await loadSettings(this.#options.path)).cameras.map(shownCamera);
  }

  /** Makes the file hold as it is now, whoever changed it. Resolves to the names of settings that need a restart. */
  async reload(): Promise<string[]> {
    const { path, dataDir, clock, prepare } = this.#options;
    using _lock = await lockSettings(dataDir, clock);
    const settings = await loadSettings(path);
    const apply = await prepare?.(settings);
    return (await apply?.()) ?? [];
  }

  async #draft(): Promise<SettingsDraft> {
    const { path } = this.#options;
    return new SettingsDraft(path, await readSettingsText(path));
  }

  /** What `work` makes of the file is written if it `isWanted`. */
  async #edit<T>(work: (draft: SettingsDraft) => T, isWanted: (result: T) => boolean = () => true): Promise<Edited<T>> {
    const { path, dataDir, clock } = this.#options;
    using _lock = await lockSettings(dataDir, clock);
    for (let attempt = 0; attempt < 5; attempt++) {
      const text = await readSettingsText(path);
      const draft = new SettingsDraft(path, text);
      const result = work(draft);
      if (!isWanted(result)) return { result, settings: draft.settings, needRestart: [], isWritten: false };
      await setImmediate();
      const committed = await this.#commit(draft, text);
      if (committed) return { result, ...committed, isWritten: true };
    }
    throw fileKeepsChanging(path);
  }

  /** Undefined when somebody without our lock, such as an editor, has changed the file since it held `text`. */
  async #commit(
    draft: SettingsDraft,
    text: string,
  ): Promise<Pick<Edited<unknown>, 'settings' | 'needRestart'> | undefined> {
    const { path, prepare } = this.#options;
    const next = draft.text();
    // Reading and writing a long list takes its time, in which nobody reads the cameras: they have their turn in between.
    await setImmediate();
    if (Buffer.byteLength(next) > maxFileBytes)
      throw fieldsInvalid('the site', [{ path: 'cameras', message: tooMany }]);
    const settings = parseSettings(path, next);
    let apply: ApplySettings | undefined;
    let isWritten = false;
    try {
      for (const [file, secret] of draft.secrets) await writeSecret(file, secret);
      apply = await prepare?.(settings);
      if ((await readSettingsText(path)) !== text) return undefined;
      await replaceFile(path, next);
      isWritten = true;
    } finally {
      if (!isWritten) for (const file of draft.secrets.keys()) await removeFile(file);
    }
    const needRestart = (await apply?.()) ?? [];
    const named = settings.cameras.map(({ password }) => password);
    for (const id of draft.touched) await forgetSecrets(id, named, placesOf(path, settings));
    return { settings, needRestart };
  }
}

const tooMany = 'are too many for a settings file, which is at most 1 MiB';

function editedCamera(id: string, { settings, needRestart }: Edited<unknown>): CameraEdited {
  const camera = settings.cameras.find(candidate => candidate.id === id);
  if (!camera) throw cameraUnknown(id, []);
  return { camera: shownCamera(camera), needRestart };
}

function importRow(draft: SettingsDraft, listed: CsvRow, references: boolean): ImportedRow {
  const { row } = listed;
  if ('problem' in listed) return refusedRow(row, undefined, listed.problem);
  const { entry } = listed;
  try {
    if (!references && typeof entry.password === 'object') throw fieldsInvalid('the camera', [placeOnlyHere]);
    draft.add(entry);
    return { row, id: entry.id, outcome: 'good' };
  } catch (error) {
    return refusedRow(row, entry.id, asAgentError(error));
  }
}

/** Whoever may add a camera could otherwise have any file or variable of the device sent to it as a password. */
const placeOnlyHere = {
  path: 'password',
  message: 'may name a variable or a file only with kvs-edge camera import, on the device itself',
};

function refusedRow(row: number, id: string | undefined, error: AgentError): ImportedRow {
  if (error.kind === 'bug') throw error;
  const { code, message } = error;
  return { row, ...(id === undefined ? {} : { id }), outcome: 'refused', problem: { code, message } };
}

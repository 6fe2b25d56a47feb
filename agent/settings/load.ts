// The settings file, read once at the door: YAML → schema → settings with every default and every path filled in.
// Nothing after this file looks at YAML, and nothing wrong gets past it.
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { CameraSettings } from '../../shared/camera-settings.ts';
import { parseOutside } from '../../shared/parse-outside.ts';
import { type Settings, settingsSchema } from '../../shared/settings.ts';
import { AgentError, systemCode } from '../errors.ts';
import { withAbsoluteFiles } from './files-and-secrets.ts';
import { problemLines } from './problems.ts';
import { parseSettingsText } from './yaml-document.ts';

/** Settings with nothing left to guess: each camera has its stream, every path is absolute. Secrets are references. */
export type AgentSettings = Omit<Settings, 'cameras' | 'spool'> & {
  cameras: (CameraSettings & { stream: string })[];
  spool: Settings['spool'] & { dir: string };
};

export const maxFileBytes = 1_048_576;

/**
 * Relative paths in the file (`dataDir`, `spool.dir`, `{ file: … }`) start at the file's own folder, so the agent finds
 * its data no matter where it is started from.
 * Throws AgentError `settings-unreadable` (no such file, not YAML) or `settings-invalid`; the latter lists every
 * problem on a line of its own.
 */
export async function loadSettings(path: string): Promise<AgentSettings> {
  return parseSettings(path, await readSettingsText(path));
}

/** `text` is the content of the file at `path`. Throws as `loadSettings` does. */
export function parseSettings(path: string, text: string): AgentSettings {
  return parseWritten(path, text).settings;
}

/** The settings, and the file's data as it is written: without defaults, paths as they are. Throws as `loadSettings` does. */
export function parseWritten(path: string, text: string): { settings: AgentSettings; written: unknown } {
  const document = parseSettingsText(text);
  if ('problems' in document) {
    const lines = document.problems.map(({ line, message }) => `${path}:${line}  ${message}`);
    throw unreadable(['The settings file is not YAML:', ...lines].join('\n'));
  }
  if (document.data === null || document.data === undefined)
    throw unreadable(`The settings file ${path} is empty. It needs at least one setting, such as siteName.`);
  // No message of zod's own: problems without a rule of ours are worded from the JSON Schema.
  const parsed = parseOutside(settingsSchema, document.data, { error: () => '' });
  const problems = problemLines(path, document, parsed.error?.issues ?? []);
  if (!parsed.success || problems.length > 0) throw invalid(['The settings need to change:', ...problems].join('\n'));
  return { settings: complete(parsed.data, resolve(dirname(path))), written: document.data };
}

/** Rejects with AgentError `settings-unreadable`. */
export async function readSettingsText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > maxFileBytes) throw unreadable(`${path} is larger than 1 MiB: it is not a settings file.`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw unreadable(readProblem(path, error), error);
  }
}

function readProblem(path: string, error: unknown): string {
  if (error instanceof TypeError) return `${path} is not text in UTF-8: it is not a settings file.`;
  const code = systemCode(error);
  if (code === 'ENOENT') return `There is no settings file at ${path}. Name the right one with --config.`;
  if (code === 'EACCES' || code === 'EPERM') return `The settings file ${path} may not be read by this user.`;
  if (code === 'EISDIR') return `${path} is a folder. Name the settings file inside it with --config.`;
  return `The settings file ${path} could not be read (${code ?? 'unknown error'}).`;
}

function complete(settings: Settings, folder: string): AgentSettings {
  const dataDir = resolve(folder, settings.dataDir);
  const { cameras, spool } = settings;
  return {
    ...withAbsoluteFiles(settings, folder),
    dataDir,
    cameras: cameras.map(camera => ({ ...withAbsoluteFiles(camera, folder), stream: camera.stream ?? camera.id })),
    spool: { ...spool, dir: spool.dir ? resolve(folder, spool.dir) : join(dataDir, 'spool') },
  };
}

function unreadable(message: string, cause?: unknown): AgentError {
  return new AgentError({ code: 'settings-unreadable', kind: 'invalid', retry: 'never', message, cause });
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'settings-invalid', kind: 'invalid', retry: 'never', message });
}

// Passwords that people typed: each in a file of its own below the data folder, which only the agent's user may read.
// A new password goes to a file of another name, so that the settings change from old to new, address and password, at once.
import { chmod, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { SecretReference } from '../../shared/names.ts';
import type { Secret } from '../secret.ts';
import { giveToOwnerOf, privateFileError, writePrivateFile } from './private-file.ts';

const folderName = 'secrets';

/** `folder` is the settings file's: relative paths in the settings start there. */
export type SecretPlaces = { dataDir: string; folder: string };

/** The files that may hold the camera's password; a dot is in no camera's id. */
function filesOf(cameraId: string, { dataDir }: SecretPlaces): [string, string] {
  return [join(dataDir, folderName, cameraId), join(dataDir, folderName, `${cameraId}.2`)];
}

/** Whether the agent made the file for this camera. `reference` is absolute. */
export function isOwnSecret(cameraId: string, reference: SecretReference | undefined, places: SecretPlaces): boolean {
  return reference !== undefined && 'file' in reference && filesOf(cameraId, places).includes(reference.file);
}

/** Where the camera's next password goes: never over the present one. */
export function nextSecretFile(cameraId: string, present: SecretReference | undefined, places: SecretPlaces): string {
  const [first, second] = filesOf(cameraId, places);
  return present && 'file' in present && present.file === first ? second : first;
}

/** As the settings refer to it: relative when it lies beside them, so that both can be moved together. */
export function referenceTo(file: string, { folder }: SecretPlaces): SecretReference {
  const path = relative(folder, file);
  return { file: path.startsWith('..') ? file : path };
}

/** Rejects with AgentError `disk-…`. */
export async function writeSecret(file: string, secret: Secret): Promise<void> {
  await writePrivateFile(file, secret.reveal());
  try {
    await chmod(dirname(file), 0o700);
    await giveToOwnerOf(dirname(dirname(file)), dirname(file), file);
  } catch (error) {
    throw privateFileError(file, error);
  }
}

/** Deletes the camera's files that no setting names: of a camera that was removed, of the password before, of an edit cut off. */
export async function forgetSecrets(
  cameraId: string,
  named: readonly (SecretReference | undefined)[],
  places: SecretPlaces,
): Promise<void> {
  const kept = new Set(named.map(reference => (reference && 'file' in reference ? reference.file : undefined)));
  const stale = filesOf(cameraId, places).filter(file => !kept.has(file));
  // A file that cannot be deleted harms nobody: its folder is the agent's alone, and the next change tries again.
  await Promise.allSettled(stale.map(file => rm(file, { force: true })));
}

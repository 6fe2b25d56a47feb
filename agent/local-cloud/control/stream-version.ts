// A stream's version changes with its settings, so that who changes them does it only to what they have seen.

import { z } from 'zod';
import type { StoredStream } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';

export const currentVersion = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-zA-Z0-9]+$/);

/** @throws WireError VersionMismatchException */
export function requireVersion(stream: StoredStream, version: string | undefined): void {
  if (version !== undefined && version !== stream.version)
    throw new WireError('VersionMismatchException', `The stream's version is ${stream.version}, not ${version}.`);
}

/** @param random in [0, 1) */
export function newVersion(random: () => number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length: 20 }, () => letters[Math.floor(random() * letters.length)]).join('');
}

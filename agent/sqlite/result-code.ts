// What SQLite says went wrong, as a number that a table of errors can begin with.

/**
 * SQLite's primary result code: 8 read-only, 11 corrupt, 13 full, 14 cannot open, 26 not a database, … node:sqlite puts the
 * extended one into `errcode`, whose low byte is the primary. Undefined for what SQLite did not throw.
 */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

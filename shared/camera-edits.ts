// What people ask to change about the cameras: bodies of the API, requests of the command line. The settings a camera may
// have are those of camera-settings.ts, as they are written in the file: what is left out has its default.
import { z } from 'zod';
import type { CameraSettings, cameraSchema } from './camera-settings.ts';

type CameraInput = z.input<typeof cameraSchema>;

/** `password` is the password itself: the agent keeps it in a file of its own, never in the settings. */
export type NewCamera = Omit<CameraInput, 'password'> & { password?: string };

/** What changes; the rest stays. `null` takes a setting out, so that its default holds. The id never changes. */
export type CameraChanges = { [Key in Exclude<keyof NewCamera, 'id'>]?: NewCamera[Key] | null };

/** All settings of a camera, defaults filled in; never its password. */
export type ShownCamera = Omit<CameraSettings, 'password'> & { stream: string; hasPassword: boolean };

export type ImportRequest = {
  /** The text of a CSV file; README, "Add cameras", says what is in it. */
  csv: string;
  /** Only says what would become of each row. */
  dryRun?: boolean;
  /** Adds the good rows. Left out: nothing is added when one row is bad. */
  skipBad?: boolean;
};

/** `row` as a spreadsheet counts: the header is row 1. `good` would be added, but for a dry run or for another row. */
export type ImportedRow = {
  row: number;
  id?: string;
  outcome: 'added' | 'good' | 'refused';
  problem?: { code: string; message: string };
};

const password = z
  .string()
  .min(1)
  .max(1024)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a line of a file and a sign-in cannot carry
  .regex(/^[^\x00-\x1f\x7f]*$/, 'must be one line');

// The other settings are checked where they are written, with the rule and an example for each that is wrong.
export const newCameraSchema = z.looseObject({ id: z.string(), password: password.optional() });
export const cameraChangesSchema = z.looseObject({ password: password.nullable().optional() });
export const importRequestSchema = z.strictObject({
  csv: z.string().max(1_048_576),
  dryRun: z.boolean().default(false),
  skipBad: z.boolean().default(false),
});

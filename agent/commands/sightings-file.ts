// Sightings from a file, to try rules on: JSON as the API answers it, or CSV that people write.
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import type { Sighting } from '../../shared/sighting.ts';
import { AgentError, systemCode } from '../errors.ts';

const maxBytes = 64 * 1024 * 1024;

/** Milliseconds since 1970, or ISO 8601. */
const time = z.union([
  z.number().int(),
  z
    .string()
    .transform(text => (/^\d+$/.test(text) ? Number(text) : Date.parse(text)))
    .refine(ms => Number.isSafeInteger(ms), 'must be a time, such as 2026-11-23T07:41:12Z'),
]);
const fraction = z.coerce.number().min(-1).max(2);
const box = z.object({ left: fraction, top: fraction, width: fraction, height: fraction });
const confidence = z.coerce.number().min(0).max(100);
const observation = z.object({ atMs: time, untilMs: time.optional(), confidence, box: box.optional() });
const sighting = z
  .object({
    id: z.string().min(1),
    cameraId: z.string().min(1),
    label: z.string().min(1),
    ...{ atMs: time, untilMs: time.optional(), confidence, box: box.optional() },
    path: z.array(observation).optional(),
  })
  .transform(defined);
const list = z.array(sighting);
/** As the API answers. */
const answer = z.object({ sightings: list });

const csvRow = z
  .object({
    ...{ id: z.string().default(''), camera: z.string().min(1), label: z.string().min(1), at: time },
    until: z.union([z.literal('').transform(() => undefined), time]).optional(),
    ...{ confidence: confidence.default(100) },
    ...{ left: z.string().default(''), top: z.string().default(''), width: z.string().default('') },
    height: z.string().default(''),
  })
  .transform(({ id, camera: cameraId, label, at: atMs, until: untilMs, confidence, ...sides }) => ({
    ...{ id, cameraId, label, atMs, untilMs, confidence },
    box: sides.left === '' ? undefined : box.parse(sides),
  }));

/**
 * CSV has the columns camera, label, at and, as far as known, id, until, confidence, left, top, width, height.
 * @throws AgentError `file-unreadable`
 */
export async function readSightings(path: string): Promise<Sighting[]> {
  const text = await readText(path);
  try {
    if (/^\s*\[/.test(text)) return list.parse(JSON.parse(text)) as Sighting[];
    if (/^\s*\{/.test(text)) return answer.parse(JSON.parse(text)).sightings as Sighting[];
    const rows: unknown[] = parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true });
    return rows.map((row, index) => {
      const { id, ...read } = csvRow.parse(row);
      return defined({ ...read, id: id || `row-${index + 2}` }) as Sighting;
    });
  } catch (cause) {
    throw unreadable(path, problemOf(cause), cause);
  }
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > maxBytes) throw unreadable(path, 'it is larger than 64 MiB');
    return bytes.toString('utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    throw unreadable(path, `the system says ${systemCode(cause) ?? 'unknown error'}`, cause);
  }
}

function problemOf(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return 'it is neither JSON nor CSV with a row of column names';
  const [issue] = cause.issues;
  return `${issue?.path.join('.') || 'it'} is not as it should be${issue ? ` (${issue.message})` : ''}`;
}

function unreadable(path: string, reason: string, cause?: unknown): AgentError {
  const message = `The sightings in ${path} could not be read: ${reason}.`;
  return new AgentError({ code: 'file-unreadable', kind: 'invalid', retry: 'never', message, cause });
}

/** Without members that are undefined, all the way down. */
function defined<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

// The names of a model's classes: one a line, in the order of their numbers.
import { readFile } from 'node:fs/promises';
import { systemCode } from '../errors.ts';

const maxBytes = 1_048_576;
const maxNameLength = 100;

/** At least one. Rejects with an Error whose message is a sentence. */
export async function readLabels(file: string): Promise<string[]> {
  const bytes = await readFile(file).catch(error => {
    const code = systemCode(error);
    throw new Error(code === 'ENOENT' ? `${file} is not there.` : `${file} cannot be read (${code}).`, {
      cause: error,
    });
  });
  if (bytes.length > maxBytes) throw new Error(`${file} is larger than 1 MiB: it is no list of labels.`);
  const labels = parseLabels(bytes);
  if (!labels) throw new Error(`${file} is not text in UTF-8.`);
  if (labels.length === 0) throw new Error(`${file} is empty.`);
  return labels;
}

/** A line in the middle that is empty stands for a class without a name, so that the others keep their numbers. */
function parseLabels(bytes: Uint8Array): string[] | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const lines = text.trimEnd().split(/\r?\n/);
    if (lines.length === 1 && lines[0] === '') return [];
    return lines.map((line, index) => printable(line).slice(0, maxNameLength) || `class ${index}`);
  } catch {
    return undefined;
  }
}

function printable(line: string): string {
  return line.replace(/\p{C}/gu, '').trim();
}

// Cameras as a CSV file (RFC 4180): the header names settings, each row is a camera. Read as spreadsheets write it, with
// commas, semicolons or tabs and a byte order mark or none; written so that a spreadsheet takes no cell for a formula.
// Passwords are read, for people have such lists, and never written.
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { AgentError, asAgentError } from '../errors.ts';
import { cameraFields, fieldChange, fieldNamed, fieldTexts, fieldValue, unknownFieldRule } from './camera-fields.ts';
import { fieldsInvalid } from './edit-errors.ts';
import { type Group, mergePatch } from './merge-patch.ts';
import type { CameraEntry } from './settings-draft.ts';

/** `row` as a spreadsheet counts. A row that is no camera at all has its problem already. */
export type CsvRow = { row: number; entry: CameraEntry } | { row: number; problem: AgentError };

const maxRows = 1_000;
/** Always there, so that an export of few cameras shows what can be filled in. */
const usualColumns = ['id', 'url', 'username', 'password.env', 'password.file', 'stream', 'transport'];
/** Spreadsheets take these for the beginning of a formula; ' itself so that reading can tell ours from a person's. */
const formula = /^['=+\-@\t\r]/;

/** Without rows that are empty. @throws AgentError `settings-invalid` when this is no CSV file or its columns are not settings */
export function readCameraCsv(text: string): CsvRow[] {
  const [header, ...records] = recordsOf(text.replace(/^\uFEFF/, ''));
  const columns = columnsOf(header ?? []);
  if (records.length > maxRows) throw noCsv(`has more than ${maxRows} rows: split it`);
  return records.flatMap((cells, index) => {
    const row = index + 2;
    return cells.every(cell => cell.trim() === '') ? [] : [rowOf(row, columns, cells)];
  });
}

/** With a byte order mark, without which spreadsheets take UTF-8 for something else. `cameras` as they are written in the file. */
export function writeCameraCsv(cameras: readonly Group[]): string {
  const rows = cameras.map(camera => fieldTexts(camera));
  const used = new Set(rows.flatMap(row => [...row.keys()]));
  const rare = [...cameraFields().keys()].flatMap(name =>
    name.endsWith('.') ? [...used].filter(column => column.startsWith(name)).sort() : name,
  );
  const columns = [...usualColumns, ...rare.filter(name => used.has(name) && !usualColumns.includes(name))];
  const cells = rows.map(row => columns.map(column => guarded(row.get(column) ?? '')));
  return stringify([columns, ...cells], { bom: true, record_delimiter: '\r\n' });
}

function guarded(cell: string): string {
  return formula.test(cell) ? `'${cell}` : cell;
}

function recordsOf(text: string): string[][] {
  const [firstLine = ''] = text.split(/\r?\n/, 1);
  const delimiter = [';', '\t'].find(candidate => firstLine.includes(candidate)) ?? ',';
  try {
    return parse(text, { delimiter, relax_column_count: true, skip_empty_lines: false });
  } catch (error) {
    throw noCsv(brokenAt(error), error);
  }
}

/** Never the parser's own message, which quotes the file. */
function brokenAt(error: unknown): string {
  const place = error instanceof Error && 'lines' in error ? ` in line ${error.lines}` : '';
  return `cannot be read${place}: a cell with a quote, a separator or a line break in it must stand in quotes, with each quote inside doubled`;
}

/** Names of settings, `password` for the password itself. */
function columnsOf(header: readonly string[]): string[] {
  const columns = header.map(cell =>
    cell.trim().toLowerCase() === 'password' ? 'password' : (fieldNamed(cell) ?? ''),
  );
  const missing = ['id', 'url'].filter(name => !columns.includes(name));
  if (missing.length === 2) throw noCsv('needs a first row that names its columns, such as id,url,username,password');
  const unknown = header.filter((cell, index) => columns[index] === '' && cell.trim() !== '');
  const rules = [
    ...missing.map(name => ({ path: name, message: 'is missing' })),
    ...unknown.map(cell => ({ path: cell.trim(), message: unknownFieldRule(cell) })),
    ...columns
      .filter((name, at) => name !== '' && columns.indexOf(name) < at)
      .map(path => ({ path, message: 'is there twice' })),
  ];
  if (rules.length > 0) throw fieldsInvalid('the first row', rules);
  return columns;
}

function rowOf(row: number, columns: readonly string[], cells: readonly string[]): CsvRow {
  try {
    let entry: Group = {};
    for (const [index, cell] of cells.entries()) {
      const name = columns[index] ?? '';
      if (cell.trim() === '') continue;
      if (name === '')
        throw invalid(`has more cells than the first row: a separator within a cell needs quotes around it`);
      if (entry.password !== undefined && name.startsWith('password'))
        throw invalid('has two passwords: leave one of them out');
      entry = mergePatch(entry, name === 'password' ? { password: cell } : fieldChange(name, cellValue(name, cell)));
    }
    return { row, entry: entry as CameraEntry };
  } catch (error) {
    return { row, problem: asAgentError(error) };
  }
}

/** `rule` continues a sentence about the row. */
function invalid(rule: string): AgentError {
  return new AgentError({ code: 'settings-invalid', kind: 'invalid', retry: 'never', message: `The row ${rule}.` });
}

function noCsv(rule: string, cause?: unknown): AgentError {
  const message = `The list of cameras ${rule}.`;
  return new AgentError({ code: 'settings-invalid', kind: 'invalid', retry: 'never', message, cause });
}

function cellValue(name: string, cell: string): unknown {
  const text = cell.trim();
  return fieldValue(name, text.startsWith("'") && formula.test(text.slice(1)) ? text.slice(1) : text);
}

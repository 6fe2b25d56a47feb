// The findings as a person reads them in a terminal of 80 columns. Pure.
import type { Finding } from '../../shared/camera-check.ts';
import { checkRows } from './check-camera.ts';

export type TextOptions = {
  /** Shown above the findings. */
  host: string;
  color: boolean;
};

const columns = 80;
const marks = { green: '✓', amber: '!', red: '✗' } as const;
const colors = { green: '\x1b[32m', amber: '\x1b[33m', red: '\x1b[31m' } as const;
const plain = '\x1b[0m';
const titles = new Map(checkRows.map(({ subject, title }) => [subject, title]));
const titleWidth = Math.max(...checkRows.map(({ title }) => title.length));
const indent = titleWidth + 4;

/** Several lines, each with its end. */
export function findingsText(findings: readonly Finding[], { host, color }: TextOptions): string {
  const lines = findings.flatMap(finding => findingLines(finding, color));
  return [host, '', ...lines, '', conclusion(findings)].map(line => `${line}\n`).join('');
}

function findingLines({ subject, level, sentence, setting }: Finding, color: boolean): string[] {
  const mark = color ? `${colors[level]}${marks[level]}${plain}` : marks[level];
  const title = (titles.get(subject) ?? subject).padEnd(titleWidth);
  const [first = '', ...rest] = wrapped(sentence, columns - indent);
  const change = setting === undefined ? [] : wrapped(`→ ${setting}`, columns - indent);
  return [`${mark} ${title}  ${first}`, ...[...rest, ...change].map(line => `${' '.repeat(indent)}${line}`)];
}

function conclusion(findings: readonly Finding[]): string {
  const count = (level: Finding['level']) => findings.filter(finding => finding.level === level).length;
  const [reds, ambers] = [count('red'), count('amber')];
  if (reds > 0)
    return `${reds} to change before this camera can be relied on${ambers > 0 ? `, ${ambers} to look at` : ''}.`;
  return ambers > 0 ? `Works; ${ambers} to look at.` : 'All is well.';
}

/** At spaces; words that are longer than a line stay whole. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

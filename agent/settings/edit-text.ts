// Changes a YAML text and leaves everything else as a person wrote it: comments, order, quotes, blank lines, alignment.
// The parser can print a changed document only in its own layout. So it prints the document before and after the change,
// and only the lines that differ are taken over; the rest of the text is kept to the byte.
import { isDeepStrictEqual } from 'node:util';
import { type Document, parseDocument, type ToStringOptions } from 'yaml';

/** `text` is YAML without errors. The result holds what `change` made of it; at worst in the parser's own layout. */
export function editYaml(text: string, change: (document: Document) => void): string {
  const document = parseDocument(text);
  const { layout, printed: before } = layoutOf(text, document);
  change(document);
  const after = document.toString(layout);
  const spliced = splice(text, before, after);
  return spliced !== undefined && isDeepStrictEqual(parse(spliced), document.toJS()) ? spliced : after;
}

function parse(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length > 0 ? undefined : document.toJS();
}

type Layout = { layout: ToStringOptions; printed: string };

/** The parser's layout that is nearest to the text: how deep it indents, and whether lists are indented too. */
function layoutOf(text: string, document: Document): Layout {
  // A file in JSON, which is YAML too, stays one.
  const quoted = text.trimStart().startsWith('{') ? ({ defaultStringType: 'QUOTE_DOUBLE' } as const) : {};
  const lines = new Set(text.split(/\r?\n/).map(withoutComment));
  let best: (Layout & { strange: number }) | undefined;
  for (const [indent, indentSeq] of [
    [2, true],
    [2, false],
    [4, true],
    [4, false],
  ] as const) {
    const layout = { lineWidth: 0, indent, indentSeq, ...quoted };
    const printed = document.toString(layout);
    const strange = printed.split('\n').filter(line => !lines.has(withoutComment(line))).length;
    if (!best || strange < best.strange) best = { layout, printed, strange };
    // Printing a long list of cameras takes its time.
    if (strange === 0) break;
  }
  return best ?? { layout: {}, printed: '' };
}

/** The parser moves comments to one space behind their value. */
function withoutComment(line: string): string {
  return line.replace(/\s+#.*$/, '').trimEnd();
}

/** Undefined when the parser's layout differs from the text in more than white space: then no place can be found again. */
function splice(text: string, before: string, after: string): string | undefined {
  if (inked(before) !== inked(text)) return undefined;
  const [old, changed] = [before.split('\n'), after.split('\n')];
  const shorter = Math.min(old.length, changed.length);
  let head = 0;
  while (head < shorter && old[head] === changed[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === changed.at(-1 - tail)) tail++;
  const start = lineAfter(text, inked(old.slice(0, head).join('\n')).length);
  const end = Math.max(start, lineBefore(text, inked(old.slice(old.length - tail).join('\n')).length));
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const middle = changed.slice(head, changed.length - tail).map(line => line + newline);
  const kept = text.slice(0, start);
  return `${kept}${kept === '' || kept.endsWith('\n') ? '' : newline}${middle.join('')}${text.slice(end)}`;
}

/** What is not white space. */
function inked(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Where the line begins that follows the first `count` characters that are not white space. */
function lineAfter(text: string, count: number): number {
  if (count === 0) return 0;
  let position = 0;
  for (let seen = 0; seen < count; position++) if (!/\s/.test(text.charAt(position))) seen++;
  const newline = text.indexOf('\n', position);
  return newline < 0 ? text.length : newline + 1;
}

/** Where the line begins that holds the last `count` characters that are not white space, with the blank lines above it. */
function lineBefore(text: string, count: number): number {
  let position = text.length;
  for (let seen = 0; seen < count; ) if (!/\s/.test(text.charAt(--position))) seen++;
  const above = text.slice(0, position).trimEnd();
  const newline = text.indexOf('\n', above.length);
  return newline < 0 || newline >= position ? position : newline + 1;
}

// YAML text → plain data, and the way back from a place in the data to its line in the text.
// The parser's own messages quote the file, which may hold a mistyped secret, so every error has our own sentence.
import {
  type Document,
  type ErrorCode,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
} from 'yaml';

/** Keys and positions from the top of the document, as zod names them. */
export type SettingPath = readonly PropertyKey[];

export type YamlProblem = { line: number; message: string };

export type SettingsDocument = {
  data: unknown;
  /** Line (from 1) of the setting, or of the nearest setting around it when it is not in the file. */
  lineOf(path: SettingPath): number;
};

const sentences: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'has a tab at its beginning: YAML is indented with spaces only',
  DUPLICATE_KEY: 'repeats a key that is already set above in the same group',
  BAD_INDENT: 'is not indented like the lines it belongs to, or a bracket above is not closed',
  MISSING_CHAR: 'misses a character: a closing quote or bracket, a colon after a key, or the - of a list item',
  BLOCK_AS_IMPLICIT_KEY: 'has two keys on one line: put the second on a line of its own, or the value in quotes',
  MULTILINE_IMPLICIT_KEY: 'has a key without its colon, or is not indented like the lines it belongs to',
  BAD_SCALAR_START: 'has a value that starts with a character YAML reserves: put the value in quotes',
  BAD_DQ_ESCAPE: 'has a \\ inside double quotes that YAML does not know: use single quotes',
  MULTIPLE_DOCS: 'starts a second document with ---: one file holds one set of settings',
  TAG_RESOLVE_FAILED: 'has a value that starts with !: put the value in quotes',
};

/** Either the data or the reasons why the text is no YAML. */
export function parseSettingsText(text: string): SettingsDocument | { problems: YamlProblem[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    line: lineCounter.linePos(Math.min(pos[0], Math.max(0, text.trimEnd().length - 1))).line,
    message: sentences[code] ?? 'is not YAML',
  }));
  if (problems.length > 0) return { problems };
  try {
    const data: unknown = document.toJS();
    return { data, lineOf: path => lineCounter.linePos(offsetOf(document, path)).line };
  } catch {
    // Thrown for an alias without its anchor and for aliases that multiply into a huge document.
    return {
      problems: [{ line: 1, message: 'uses a YAML alias (*name) that cannot be followed: write the value out' }],
    };
  }
}

function offsetOf(document: Document.Parsed, path: SettingPath): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const key of path) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        item => isScalar(item.key) && String(item.key.value) === String(key),
      );
      if (!pair) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

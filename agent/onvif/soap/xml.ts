// Text of a device → a tree of elements, within limits: no DOCTYPE, so no entities but XML's own; so many elements and
// attributes, so deep. Reading stops at the first thing that is too much. The tree has no prototypes to pollute: names are
// only ever values, in maps and arrays.
import sax from 'sax';
import { UnreadableAnswer } from '../answers/unreadable.ts';

export type XmlElement = {
  /** Without its namespace prefix: devices bind prefixes as they like, and some forget to. */
  name: string;
  /** As written, with its prefix. */
  qualifiedName: string;
  /** As written, `xmlns` declarations among them. */
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  /** All text directly inside. */
  text: string;
  parent: XmlElement | undefined;
};

export type XmlLimits = { elements: number; attributes: number; depth: number };

/** A camera with ten profiles answers with some 1,500 elements, 12 deep. */
const xmlLimits: XmlLimits = { elements: 20_000, attributes: 40_000, depth: 40 };

const noAttributes: ReadonlyMap<string, string> = new Map();
/** What the parser gets at once: it looks at its limits once a piece. */
const pieceLength = 16_384;

/** @throws UnreadableAnswer */
export function parseXml(text: string, limits = xmlLimits): XmlElement {
  const tree = new TreeBuilder(limits);
  const parser = sax.parser(true, { noscript: true });
  parser.onerror = cause => {
    throw new UnreadableAnswer('it is not well-formed XML', cause);
  };
  parser.ondoctype = () => {
    throw new UnreadableAnswer('it has a document type declaration');
  };
  parser.onopentag = ({ name, attributes }) => tree.open(name, attributes);
  parser.onclosetag = () => tree.close();
  parser.ontext = text => tree.addText(text);
  parser.oncdata = text => tree.addText(text);
  for (let start = 0; start < text.length; start += pieceLength) parser.write(text.slice(start, start + pieceLength));
  parser.close();
  return tree.root();
}

class TreeBuilder {
  readonly #limits: XmlLimits;
  #root: XmlElement | undefined;
  #current: XmlElement | undefined;
  #depth = 0;
  #elements = 0;
  #attributes = 0;

  constructor(limits: XmlLimits) {
    this.#limits = limits;
  }

  open(qualifiedName: string, attributes: Record<string, unknown>): void {
    this.#elements++;
    this.#depth++;
    if (this.#elements > this.#limits.elements) throw new UnreadableAnswer('it has too many elements');
    if (this.#depth > this.#limits.depth) throw new UnreadableAnswer('its elements are nested too deep');
    const parent = this.#current;
    const element: XmlElement = {
      name: localName(qualifiedName),
      qualifiedName,
      attributes: this.#takeAttributes(attributes),
      children: [],
      text: '',
      parent,
    };
    parent?.children.push(element);
    this.#root ??= element;
    this.#current = element;
  }

  close(): void {
    this.#depth--;
    this.#current = this.#current?.parent;
  }

  addText(text: string): void {
    if (this.#current) this.#current.text += text;
  }

  root(): XmlElement {
    if (!this.#root) throw new UnreadableAnswer('it is empty');
    return this.#root;
  }

  #takeAttributes(given: Record<string, unknown>): ReadonlyMap<string, string> {
    const entries = Object.entries(given);
    if (entries.length === 0) return noAttributes;
    this.#attributes += entries.length;
    if (this.#attributes > this.#limits.attributes) throw new UnreadableAnswer('it has too many attributes');
    return new Map(entries.map(([name, value]) => [name, String(value)]));
  }
}

function localName(qualifiedName: string): string {
  return qualifiedName.slice(qualifiedName.indexOf(':') + 1);
}

/** The element at the end of a path of names, the first of each; undefined when one is missing. */
export function descend(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = found?.children.find(child => child.name === name);
  return found;
}

export function childrenNamed(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter(child => child.name === name) ?? [];
}

/** Trimmed text at the end of a path, at most 2,048 characters; undefined when missing or empty. */
export function textAt(element: XmlElement | undefined, ...path: string[]): string | undefined {
  return printable(descend(element, ...path)?.text);
}

/** An attribute by its name without prefix, treated like text. */
export function attributeOf(element: XmlElement | undefined, name: string): string | undefined {
  if (!element) return undefined;
  const exact = element.attributes.get(name);
  if (exact !== undefined) return printable(exact);
  for (const [written, value] of element.attributes)
    if (!written.startsWith('xmlns:') && localName(written) === name) return printable(value);
  return undefined;
}

/** A finite number at the end of a path. */
export function numberAt(element: XmlElement | undefined, ...path: string[]): number | undefined {
  return numberIn(textAt(element, ...path));
}

export function numberIn(text: string | undefined): number | undefined {
  if (text === undefined || !/^[+-]?\d{1,15}(\.\d{1,15})?$/.test(text)) return undefined;
  return Number(text);
}

const longestText = 2_048;

/** Nothing a device says may move a terminal's cursor or break a line of a log. */
function printable(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const clean = text
    .slice(0, 2 * longestText)
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, longestText);
  return clean === '' ? undefined : clean;
}

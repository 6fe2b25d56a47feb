// XML that a device sent, as a small tree. Depth, number of elements and size are bounded, document types are refused, so
// no document takes more than some milliseconds. Names are without their prefix: cheap devices declare them wrongly.
import sax from 'sax';

export type XmlElement = { name: string; text: string; children: XmlElement[] };

const mostBytes = 65_536;
const mostElements = 2_000;
const deepest = 32;

/** The root element; undefined when the bytes are not such a document. */
export function readXml(bytes: Uint8Array): XmlElement | undefined {
  if (bytes.length > mostBytes) return undefined;
  // Firmware in C sends the zero at the end of its strings along.
  const text = new TextDecoder().decode(bytes).replace(/[\0\s]+$/, '');
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** All elements reached by going down these names. */
export function elementsAt(root: XmlElement, ...path: string[]): XmlElement[] {
  let level = [root];
  for (const name of path) level = level.flatMap(({ children }) => children.filter(child => child.name === name));
  return level;
}

/** Of the first element reached by going down these names. */
export function textAt(root: XmlElement, ...path: string[]): string | undefined {
  return elementsAt(root, ...path)[0]?.text.trim();
}

/** @throws Error for everything that is not well-formed or not within the limits */
function parse(text: string): XmlElement | undefined {
  const parser = sax.parser(true, { noscript: true });
  const document: XmlElement = { name: '', text: '', children: [] };
  const open = [document];
  let elements = 0;
  const refuse = (cause: unknown) => {
    throw new Error('This is not XML as devices send it', { cause });
  };
  const addText = (piece: string) => {
    const element = open.at(-1);
    if (element) element.text += piece;
  };
  parser.onerror = refuse;
  parser.ondoctype = refuse;
  parser.onopentag = ({ name }) => {
    const element: XmlElement = { name: name.slice(name.indexOf(':') + 1), text: '', children: [] };
    open.at(-1)?.children.push(element);
    open.push(element);
    if (++elements > mostElements || open.length > deepest) refuse('There is too much of it');
  };
  parser.onclosetag = () => void open.pop();
  parser.ontext = addText;
  parser.oncdata = addText;
  parser.write(text).close();
  return document.children[0];
}

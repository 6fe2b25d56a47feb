// XML that anybody on the network may send, as a tree: a datagram's worth of it, and no more elements than the answer to a
// search can have, so that a flood of answers costs little.
import { parseXml, type XmlElement, type XmlLimits } from '../onvif/soap/xml.ts';

const mostBytes = 65_536;
const limits: XmlLimits = { elements: 2_000, attributes: 4_000, depth: 32 };

/** The root element; undefined when the bytes are not such a document. */
export function readXml(bytes: Uint8Array): XmlElement | undefined {
  if (bytes.length > mostBytes) return undefined;
  // Firmware in C sends the zero at the end of its strings along.
  const text = new TextDecoder().decode(bytes).replace(/[\0\s]+$/, '');
  try {
    return parseXml(text, limits);
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

// XML that leaves: escaped text, and elements of a device given back to it as it wrote them.
import type { XmlElement } from './xml.ts';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** For text and attribute values. Characters that XML cannot hold at all are left out. */
export function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters XML 1.0 does not have
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replace(/[&<>"']/g, character => escapes[character] ?? character)
  );
}

/** The element as the device wrote it, with the namespace declarations of its ancestors, so that it can stand elsewhere. */
export function writeElement(element: XmlElement): string {
  const inherited = new Map<string, string>();
  for (let above = element.parent; above; above = above.parent)
    for (const [name, value] of above.attributes)
      if (/^xmlns(:|$)/.test(name) && !inherited.has(name) && !element.attributes.has(name)) inherited.set(name, value);
  return write(element, inherited);
}

function write({ qualifiedName, attributes, children, text }: XmlElement, inherited: Map<string, string>): string {
  const all = [...inherited, ...attributes].map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join('');
  // Text between elements is only indentation in everything that is given back.
  const inside = children.length > 0 ? children.map(child => write(child, new Map())).join('') : escapeXml(text);
  return `<${qualifiedName}${all}>${inside}</${qualifiedName}>`;
}

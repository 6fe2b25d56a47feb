// Damage that knows elements: what careless and hostile devices do to XML.
import { below, oneOf, type Random } from './target.ts';

/** One damage to one element of `xml`; `donor` gives the element of a splice. */
export function mutateXml(xml: string, donor: string, random: Random): string {
  return oneOf(mutations, random)(xml, donor, random);
}

const mutations: ((xml: string, donor: string, random: Random) => string)[] = [
  changeText,
  changeText,
  changeAttribute,
  changeAttribute,
  rename,
  leaveOut,
  repeat,
  spliceIn,
  nest,
  prefixWithDoctype,
];

/** In the place of texts and attributes: what schemas forbid, and what reaches for files, hosts and prototypes. */
const values = [
  '',
  ' ',
  '-1',
  '1e999',
  '99999999999999999999',
  'NaN',
  'true',
  '__proto__',
  'constructor',
  'toString',
  'file:///etc/passwd',
  'concat:/etc/passwd',
  'http://169.254.169.254/latest',
  '//169.254.169.254/x',
  'http://127.0.0.1:99999/',
  'rtsp://user:secret@10.0.0.1:554/live?a=1&amp;b=2',
  'rtsp://[::1]/x',
  'rtsp://a b/x y',
  '&#0;',
  '&#x110000;',
  '&#10;&#13;&#27;[2J',
  '&unknown;',
  '<![CDATA[<x>]]>',
  '<!-- -- -->',
  '0000-00-00T00:00:00Z',
  '9999-12-31T23:59:59Z',
  'PT0S',
  'x'.repeat(3_000),
  '\u{1f4f7}',
];

type Place = { start: number; end: number };

/** Where one element stands that holds only text or nothing; undefined when there is none. */
function anElement(xml: string, random: Random): Place | undefined {
  const found = [...xml.matchAll(/<([\w:]+)(?: [^<>]*)?(?:\/>|>[^<]*<\/\1>)/g)];
  if (found.length === 0) return undefined;
  const match = oneOf(found, random);
  return { start: match.index, end: match.index + match[0].length };
}

function changeText(xml: string, _donor: string, random: Random): string {
  const place = anElement(xml, random);
  if (!place) return xml;
  const changed = xml.slice(place.start, place.end).replace(/>[^<]*</, () => `>${oneOf(values, random)}<`);
  return xml.slice(0, place.start) + changed + xml.slice(place.end);
}

function changeAttribute(xml: string, _donor: string, random: Random): string {
  const found = [...xml.matchAll(/="[^"]*"/g)];
  if (found.length === 0) return xml;
  const { index, 0: all } = oneOf(found, random);
  return `${xml.slice(0, index)}="${oneOf(values, random).replace(/[<"]/g, '')}"${xml.slice(index + all.length)}`;
}

function rename(xml: string, _donor: string, random: Random): string {
  const names = [...new Set([...xml.matchAll(/<([\w:]+)/g)].map(match => match[1] ?? ''))];
  if (names.length === 0) return xml;
  const to = random() < 0.5 ? oneOf(names, random) : oneOf(['__proto__', 'x:constructor', 'a', 'xmlns'], random);
  const from = oneOf(names, random);
  return xml.replaceAll(new RegExp(`(</?)${from}(?=[ />])`, 'g'), (_, opening: string) => opening + to);
}

function leaveOut(xml: string, _donor: string, random: Random): string {
  const place = anElement(xml, random);
  return place ? xml.slice(0, place.start) + xml.slice(place.end) : xml;
}

function repeat(xml: string, _donor: string, random: Random): string {
  const place = anElement(xml, random);
  if (!place) return xml;
  const times = oneOf([2, 10, 300], random);
  return xml.slice(0, place.start) + xml.slice(place.start, place.end).repeat(times) + xml.slice(place.end);
}

function spliceIn(xml: string, donor: string, random: Random): string {
  const [place, given] = [anElement(xml, random), anElement(donor, random)];
  if (!place || !given) return xml;
  return xml.slice(0, place.start) + donor.slice(given.start, given.end) + xml.slice(place.start);
}

function nest(xml: string, _donor: string, random: Random): string {
  const place = anElement(xml, random);
  if (!place) return xml;
  const depth = 1 + below(60, random);
  const inside = xml.slice(place.start, place.end);
  return `${xml.slice(0, place.start)}${'<n>'.repeat(depth)}${inside}${'</n>'.repeat(depth)}${xml.slice(place.end)}`;
}

function prefixWithDoctype(xml: string, _donor: string, random: Random): string {
  return random() < 0.8 ? xml : `<!DOCTYPE x [<!ENTITY unknown "x">]>${xml.replace(/^<\?[^>]*>/, '')}`;
}

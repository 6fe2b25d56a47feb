// Damage to a request's body: members of the wrong type, size and name, then text that is hardly JSON any more.
import { mutateBytes } from '../mutate-bytes.ts';
import { below, oneOf, type Random } from '../target.ts';

const longText = 'x'.repeat(5000);
const numberText = [
  '-0',
  '1e400',
  '-1e400',
  '9007199254740993',
  '0.1e-320',
  '1E5',
  '18446744073709551616',
  '253402300800',
];
const odd: readonly unknown[] = [
  ...[null, true, false, -1, 0, 0.5, 1, 1e308, -1e308, 2 ** 31, 2 ** 53, 253_402_300_799, 1e-7],
  ...[
    '',
    ' ',
    '\u0000',
    '\ud800',
    '\u202e',
    '\u{1f4f7}',
    'ﷺ'.repeat(300),
    longText,
    '../..',
    '~',
    '%2e%2e',
    "' OR 1=1 --",
  ],
  ...['__proto__', 'constructor', 'toString', 'null', 'NaN', 'bnVsbA==', 'e30=', '9'.repeat(47), '9'.repeat(128)],
  ...[`s3:${'x'.repeat(5000)}/*`, `${'a/'.repeat(3000)}a`, `arn:aws:kinesisvideo:us-west-2:1:stream/${longText}/1`],
  ...['arn:aws:kinesisvideo:us-west-2:000000000000:stream/a/1', '2026-11-25T00:00:00Z', 'ON_DEMAND', 'kept-nothing'],
  ...[[], {}, [[[]]], [null], [{}], { length: 1e9 }, { toString: 1 }, { valueOf: 'x' }],
  Array.from({ length: 1100 }, (_, index) => String(index)),
  Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${index}`, 'v'])),
];
const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'StreamName',
  'StreamARN',
  '',
  ' ',
  '\u0000',
  'streamname',
  'NextToken',
];

/** A body made of `value`: good, or with one to three of its members changed, or damaged as text. */
export function bodyOf(value: object, random: Random): Uint8Array | string {
  const kind = random();
  if (kind < 0.35) return JSON.stringify(value);
  let changed: unknown = value;
  for (let left = 1 + below(3, random); left > 0; left--) changed = altered(changed, random);
  const text = JSON.stringify(changed) ?? '';
  if (kind < 0.8) return text;
  return oneOf(textDamages, random)(text, random);
}

/** One member, at any depth, replaced, taken away, renamed, or joined by another. */
function altered(value: unknown, random: Random): unknown {
  if (typeof value === 'string' && random() < 0.3) return edgeOf(value, random);
  if (typeof value === 'number' && random() < 0.4) return value * oneOf([-1, 0.5, 2, 1000, 1.0001], random);
  if (typeof value !== 'object' || value === null || random() < 0.15) return oneOf(odd, random);
  if (Array.isArray(value)) return alteredList(value, random);
  const entries = Object.entries(value);
  const at = below(entries.length, random);
  const [name = '', member] = entries[at] ?? [];
  const kind = random();
  if (kind < 0.65) entries[at] = [name, altered(member, random)];
  else if (kind < 0.75) entries.splice(at, 1);
  else if (kind < 0.85) entries[at] = [oneOf(names, random), member];
  else entries.push([oneOf(names, random), oneOf(odd, random)]);
  return Object.fromEntries(entries);
}

function alteredList(list: unknown[], random: Random): unknown[] {
  const kind = random();
  if (kind < 0.2) return [...list, ...list];
  if (kind < 0.4) return [...list, oneOf(odd, random)];
  return list.map(entry => (random() < 0.5 ? altered(entry, random) : entry));
}

function edgeOf(text: string, random: Random): string {
  return oneOf(
    [
      text.toLowerCase(),
      `${text} `,
      text.slice(1),
      text + text,
      text.repeat(200),
      `${text}\u0000`,
      [...text].reverse().join(''),
    ],
    random,
  );
}

const textDamages: ((text: string, random: Random) => Uint8Array | string)[] = [
  (text, random) => mutateBytes(Buffer.from(text), random),
  (text, random) => text.slice(0, below(text.length + 1, random)),
  text => text + text,
  text => `\ufeff${text}`,
  (text, random) => text.replace(/\d+/, oneOf(numberText, random)),
  // Duplicate members: the last one counts, or none does.
  (text, random) => text.replace('{', `{"StreamName":${oneOf(['"h264"', '1', 'null', '{}'], random)},`),
  (text, random) =>
    text.replace('{', `{"__proto__":{"StreamName":"h264","Expires":300},"x":${oneOf(numberText, random)},`),
  text => Buffer.from(text.replace(/[a-z]/, 'ÿ'), 'latin1'),
  text => Buffer.from(text, 'utf16le'),
  (text, random) => nested(text, 1 + below(100_000, random), random),
  (text, random) => text.replace('}', `${' '.repeat(below(100_000, random))}}`),
  (_, random) =>
    oneOf(['', '{', '[]', 'null', '"x"', '0', '{}{}', '[[', '{"a"', '\u0000', 'true', '<xml/>', '--'], random),
  (text, random) => text.replace(/"[^"]*"(?=[,}])/, `"${'\\u0041'.repeat(below(100_000, random))}"`),
];

function nested(text: string, depth: number, random: Random): string {
  const [open, close] = oneOf(
    [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const,
    random,
  );
  const inner = `${open.repeat(depth)}1${close.repeat(depth)}`;
  return random() < 0.5 ? inner : text.replace(/"[^"]*"(?=[,}])/, inner);
}

// JSON that is not what was asked for: one member of a good request, at any depth, replaced by something odd or taken away.
// The same requests with every run of a seed.

/** Nothing compares with it: neither a text nor a number can be made of it. */
const incomparable = { toString: 1, valueOf: 1 };

/** Objects with a length of their own, as texts and lists have one. */
export const oddLengths: readonly object[] = [1e9, 5, 'long', incomparable, [[incomparable]]].map(length => ({
  length,
}));

export const oddities: readonly unknown[] = [
  ...[
    null,
    true,
    -1,
    0,
    0.5,
    1e308,
    -1e308,
    2 ** 53,
    '',
    ' ',
    '\u0000',
    'x'.repeat(5000),
    [],
    {},
    [[[]]],
    '../..',
    '~',
  ],
  ...['__proto__', 'constructor', 'bnVsbA==', 'e30=', '9'.repeat(47), { StartTimestamp: 1e11 }, ...oddLengths],
];

/** Park and Miller's generator: whole numbers from 0 to below the limit. */
export function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return limit => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * limit);
  };
}

export function altered(value: unknown, below: (limit: number) => number): unknown {
  if (typeof value !== 'object' || value === null || below(4) === 0) return oddities[below(oddities.length)];
  if (Array.isArray(value)) return value.map(entry => altered(entry, below));
  const entries = Object.entries(value);
  const chosen = below(entries.length);
  const kept = entries.filter((_, index) => index !== chosen || below(5) > 0);
  return Object.fromEntries(kept.map(([key, entry], index) => [key, index === chosen ? altered(entry, below) : entry]));
}

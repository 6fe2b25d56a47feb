// Sizes as people write them (`2 GiB`, `500 MB`, or a plain number of bytes) into bytes.

const unitBytes = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
} as const;

export const byteSizePattern = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$/;

function isUnit(text: string | undefined): text is keyof typeof unitBytes {
  return text !== undefined && Object.hasOwn(unitBytes, text);
}

/** Whole bytes, rounded down. `undefined` when the text is no size. */
export function parseByteSize(size: number | string): number | undefined {
  if (typeof size === 'number') return size;
  const [, amount, unit] = byteSizePattern.exec(size) ?? [];
  return isUnit(unit) ? Math.floor(Number(amount) * unitBytes[unit]) : undefined;
}

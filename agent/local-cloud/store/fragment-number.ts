// KVS's own form of a fragment number: a per-stream counter, the server's time and 28 random bits in one integer of
// 47 decimal digits. All have the same length, so comparing them as text compares them as numbers.

const counterBase = 2n ** 64n;

/** @param random in [0, 1) */
export function fragmentNumber(parts: { sequence: number; serverMs: number; random: number }): string {
  const counter = counterBase + BigInt(parts.sequence);
  const salt = BigInt(Math.floor(parts.random * 2 ** 28));
  return ((counter << 92n) + (BigInt(parts.serverMs) << 28n) + salt).toString();
}

/** Undefined when the text is no fragment number. */
export function fragmentNumberParts(number: string): { sequence: number; serverMs: number } | undefined {
  if (!/^\d{47}$/.test(number)) return undefined;
  const value = BigInt(number);
  const sequence = (value >> 92n) - counterBase;
  if (sequence < 1n || sequence > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return { sequence: Number(sequence), serverMs: Number((value & (2n ** 92n - 1n)) >> 28n) };
}

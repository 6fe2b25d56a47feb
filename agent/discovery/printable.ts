// What devices say of themselves, before people read it. Pure.

const longestText = 80;

/** Safe to print, and not too long: no line breaks, no control or direction characters. */
export function printable(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ').trim();
  return [...plain].slice(0, longestText).join('').trim();
}

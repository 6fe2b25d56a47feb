// When a recording began: what the person says, or else what the file says. Pure.

/** Later than any timestamp in seconds, earlier than any in milliseconds that matters (1973). */
const secondsBelow = 1e11;

/**
 * Milliseconds since 1970 of a time in ISO 8601 (without a zone: this machine's), or in seconds or milliseconds since
 * 1970. Undefined when it is none of them.
 */
export function parseStart(text: string): number | undefined {
  if (/^\d{9,13}(\.\d+)?$/.test(text)) {
    const value = Number(text);
    return Math.round(value < secondsBelow ? value * 1000 : value);
  }
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

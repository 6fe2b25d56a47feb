// What a destination answered, as it may be kept and shown: short, on one line, without the settings' secrets. Pure.

const longestChars = 300;
const longestReadChars = 20_000;
/** Shorter ones are found everywhere, and hiding them would only show where they are. */
const shortestHiddenChars = 4;

/** @param hidden replaced by `***` wherever the answer repeats it, also when it is escaped as in an address */
export function answerText(answer: string, hidden: readonly string[] = []): string {
  let text = answer.slice(0, longestReadChars);
  const secrets = hidden.flatMap(secret => [secret, encodeURIComponent(secret)]);
  // The longest first: one may be a part of another.
  for (const secret of secrets.sort((a, b) => b.length - a.length)) {
    if (secret.length >= shortestHiddenChars) text = text.replaceAll(secret, '***');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\s]+/gu, ' ').trim();
  return line.length > longestChars ? `${line.slice(0, longestChars - 1)}…` : line;
}

// What runs over the control socket: one JSON object a line, a request up, its answer down.
import { z } from 'zod';

export const socketName = 'control.sock';
/** A list of cameras as text (1 MiB, escaped); everything else is small. */
export const maxRequestChars = 4 * 1024 * 1024;
/** Coverage of many cameras is long; nothing else comes near. */
export const maxAnswerChars = 32 * 1024 * 1024;

export const requestSchema = z.strictObject({ request: z.string().max(64), params: z.unknown() });

export const answerSchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), answer: z.unknown() }),
  z.strictObject({ ok: z.literal(false), error: z.strictObject({ code: z.string(), message: z.string() }) }),
]);

export type Answer = z.infer<typeof answerSchema>;

/** The lines of a stream, without their ends. Ends at a line longer than `maxChars`; what has no end is dropped. */
export async function* linesOf(chunks: AsyncIterable<string>, maxChars: number): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    rest += chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      yield rest.slice(0, end);
      rest = rest.slice(end + 1);
    }
    if (rest.length > maxChars) return;
  }
}

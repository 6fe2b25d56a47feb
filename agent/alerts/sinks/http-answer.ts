// How the answer to an HTTP request begins, for the people who look at what came of a delivery. Its body may be endless, may
// never come, and may be no text: a delivery waits for it only so long and reads only so much.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';

const longestBytes = 1_024;
const patienceMs = 500;

/** `404 Not Found: no such hook`. Never rejects; the answer's connection is closed. */
export async function answerStart(response: IncomingMessage, clock: Clock): Promise<string> {
  const { statusCode = 0, statusMessage = '' } = response;
  const text = isText(response.headers['content-type']) ? await bodyStart(response, clock) : '';
  response.destroy();
  const status = `${statusCode} ${statusMessage}`.trim();
  return text === '' ? status : `${status}: ${text}`;
}

function bodyStart(response: IncomingMessage, clock: Clock): Promise<string> {
  return new Promise(resolve => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const cancelPatience = clock.after(patienceMs, end);
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= longestBytes) end();
    });
    // `close` comes after `end` and after every error.
    response.on('error', end);
    response.on('close', end);
    response.on('end', end);

    function end(): void {
      cancelPatience();
      response.pause();
      const text = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, longestBytes));
      resolve(text.trim());
    }
  });
}

function isText(contentType = 'text/plain'): boolean {
  return /^(text\/|application\/([a-z.+-]*\+)?(json|xml|problem))/i.test(contentType);
}

// Debian's boto3. Every answer is also held against botocore's service model (model_check.py).
import { z } from 'zod';
import { type ApiClient, type Outcome, toJson } from './api-client.ts';
import { startPython } from './line-process.ts';

const bytes = z.object({ $bytes: z.base64() }).transform(({ $bytes }) => Buffer.from($bytes, 'base64'));

const line = z.union([
  z.object({ answer: z.record(z.string(), z.unknown()), media: bytes.optional(), problems: z.array(z.string()) }),
  z.object({ error: z.string(), status: z.number().optional(), message: z.string(), problems: z.array(z.string()) }),
]);

export function boto3(): ApiClient {
  const python = startPython('boto3_client.py');
  return {
    name: 'boto3',
    async call(operation, input, access, pageSize): Promise<Outcome> {
      const written = toJson(input, base64 => ({ $bytes: base64 }));
      const result = line.parse(await python.ask({ operation, input: written, access, pageSize }));
      if ('error' in result) {
        const { status, ...rest } = result;
        return { ...rest, ...(status === undefined ? {} : { status }) };
      }
      return { ...result, media: result.media ?? new Uint8Array() };
    },
    [Symbol.asyncDispose]: () => python[Symbol.asyncDispose](),
  };
}

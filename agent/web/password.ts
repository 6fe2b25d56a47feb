// The console's one password: made at the first start, kept as a salted scrypt hash that only the agent may read.
import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AgentError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { readPrivateFile, writePrivateFile } from '../settings/private-file.ts';

const costs = { N: 2 ** 14, r: 8, p: 5 } as const;
const hashBytes = 32;

const record = z.object({
  version: z.literal(1),
  N: z.int().max(2 ** 17),
  r: z.int().max(16),
  p: z.int().max(16),
  salt: z.base64(),
  hash: z.base64(),
});

/** A stored password: `id` changes whenever the password does. */
export type Password = {
  id: string;
  /** Takes the same time for right and wrong. */
  matches(attempt: string): Promise<boolean>;
};

/** `undefined` when none was ever set. Throws AgentError when the file cannot be read or is damaged. */
export async function readPassword(file: string): Promise<Password | undefined> {
  const text = await readPrivateFile(file);
  if (text === undefined) return undefined;
  const parsed = record.safeParse(parseJson(text));
  if (!parsed.success)
    throw new AgentError({
      code: 'disk-failed',
      kind: 'data-loss',
      retry: 'never',
      message: `The console's password in ${file} is damaged. Delete the file and start again: a new one is printed.`,
    });
  const { N, r, p, salt, hash } = parsed.data;
  const expected = Buffer.from(hash, 'base64');
  return {
    id: salt,
    matches: async attempt =>
      timingSafeEqual(await derive(attempt, Buffer.from(salt, 'base64'), { N, r, p }), expected),
  };
}

export async function writePassword(file: string, password: Secret): Promise<void> {
  const salt = randomBytes(16);
  const hash = await derive(password.reveal(), salt, costs);
  const stored = { version: 1, ...costs, salt: salt.toString('base64'), hash: hash.toString('base64') };
  await writePrivateFile(file, `${JSON.stringify(stored)}\n`);
}

/** Letters and digits that no one takes for another; 16 of 31 make 79 bits. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Four groups of four, to be read from one screen and typed on another. */
export function newPassword(): Secret {
  const group = () => Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return new Secret([group(), group(), group(), group()].join('-'));
}

function derive(password: string, salt: Buffer, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  const maxmem = 256 * cost.N * cost.r;
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFC'), salt, hashBytes, { ...cost, maxmem }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// Takes a password from whoever runs a command: never from its arguments, which every user of the machine can read.
import { readFile } from 'node:fs/promises';
import type { ReadStream } from 'node:tty';
import { AgentError, systemCode } from '../errors.ts';
import { UsageError } from './arguments.ts';

export type PasswordSource = {
  /** `--password`: asked for on a terminal, otherwise the first line of standard input. */
  asked: boolean;
  /** `--password-env`. */
  variable: string | undefined;
  /** `--password-file`. */
  file: string | undefined;
};

/** Undefined when none was named. One line break at its end is not part of it. Rejects with UsageError or AgentError `settings-invalid`. */
export async function readPassword({ asked, variable, file }: PasswordSource): Promise<string | undefined> {
  const named = [asked, variable !== undefined, file !== undefined].filter(Boolean).length;
  if (named === 0) return undefined;
  if (named > 1) throw new UsageError('take one of --password, --password-env and --password-file');
  const text = asked
    ? await askPassword()
    : file === undefined
      ? process.env[variable ?? '']
      : await readPasswordFile(file);
  const password = text?.replace(/\r?\n$/, '');
  if (!password)
    throw noPassword(variable === undefined ? 'It is empty' : `The environment variable ${variable} is not set`);
  return password;
}

async function readPasswordFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw noPassword(`The file ${file} cannot be read (${systemCode(error) ?? 'unknown error'})`);
  }
}

async function askPassword(): Promise<string> {
  const { stdin } = process;
  stdin.setEncoding('utf8');
  if (!stdin.isTTY) return firstLine(stdin);
  process.stderr.write('Password of the camera (nothing is shown): ');
  stdin.setRawMode(true);
  try {
    return await typedLine(stdin);
  } finally {
    stdin.setRawMode(false);
    process.stderr.write('\n');
  }
}

async function firstLine(input: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += chunk;
    if (text.includes('\n') || text.length > longest) break;
  }
  return text.split('\n', 1)[0] ?? '';
}

/** Keys as they come from a terminal that neither shows nor edits them. */
async function typedLine(terminal: ReadStream): Promise<string> {
  let typed: string[] = [];
  for await (const keys of terminal as AsyncIterable<string>) {
    for (const key of keys) {
      if (key === '\r' || key === '\n' || key === endOfInput) return typed.join('');
      if (key === interrupt) throw noPassword('Asking for it was interrupted');
      if (key === eraseLine) typed = [];
      else if (key === backspace || key === del) typed.pop();
      else if (typed.length < longest) typed.push(key);
    }
  }
  return typed.join('');
}

const longest = 1_024;
const [interrupt, endOfInput, backspace, eraseLine, del] = ['\x03', '\x04', '\b', '\x15', '\x7f'];

function noPassword(why: string): AgentError {
  return new AgentError({
    ...{ code: 'settings-invalid', kind: 'invalid', retry: 'never' },
    message: `There is no password. ${why}.`,
  });
}

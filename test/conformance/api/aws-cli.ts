// Debian's AWS CLI, a process a call: parameters from --cli-input-json, or as options where the answer goes into a file,
// because it takes the two together no more; errors from its last words.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type Access,
  type ApiClient,
  type Members,
  mapMembers,
  type Outcome,
  servicesOf,
  toJson,
} from './api-client.ts';
import { startPython } from './line-process.ts';

const commands = { media: 'kinesis-video-media', archive: 'kinesis-video-archived-media', rekognition: 'rekognition' };
const timeMembers = ['CreationTime', 'ProducerTimestamp', 'ServerTimestamp', 'TimeStamp'];
const mediaOperations = ['GetMedia', 'GetMediaForFragmentList', 'GetClip'];
const ended = z.object({ code: z.int(), stdout: z.string(), stderr: z.string() });

export async function awsCli(): Promise<ApiClient> {
  const folder = await mkdtemp(join(tmpdir(), 'aws-cli-'));
  // As a user would have it who wants the service's own word on a parameter.
  const config = join(folder, 'config');
  await writeFile(config, '[default]\nparameter_validation = false\ncli_pager =\n');
  const processes = startPython('aws_cli.py', { AWS_CONFIG_FILE: config });
  let files = 0;
  return {
    name: 'AWS CLI',
    async call(operation, input, access, pageSize): Promise<Outcome> {
      const file = mediaOperations.includes(operation) ? join(folder, `${files++}.media`) : undefined;
      const args = [
        ...['--endpoint-url', access.endpoint, '--output', 'json'],
        ...(access.accessKeyId === '' ? ['--no-sign-request'] : []),
        ...(access.verify === undefined ? [] : ['--ca-bundle', access.verify]),
        ...commandOf(operation),
        // The file before the options: one that takes a list would take the file into it.
        ...(file === undefined ? ['--cli-input-json', jsonOf(input)] : [file, ...optionsOf(input)]),
        ...(pageSize === undefined ? [] : ['--page-size', String(pageSize)]),
      ];
      const result = ended.parse(await processes.ask({ args, env: environmentOf(access) }));
      if (result.code !== 0) return refusalOf(result);
      const answer: Members = result.stdout.trim() === '' ? {} : JSON.parse(result.stdout);
      const media = file === undefined ? new Uint8Array() : await readFile(file);
      return { answer: withTimes(answer), media, problems: [] };
    },
    async [Symbol.asyncDispose]() {
      await processes[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

function commandOf(operation: string): string[] {
  const service = servicesOf[operation];
  return [service === undefined ? 'kinesisvideo' : commands[service], dashed(operation)];
}

/** GetHLSStreamingSessionURL: get-hls-streaming-session-url */
function dashed(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1-$2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2');
  return words.toLowerCase();
}

function jsonOf(value: unknown): string {
  return JSON.stringify(toJson(value, base64 => base64));
}

function optionsOf(input: Members): string[] {
  return Object.entries(input).flatMap(([name, value]) => [
    `--${dashed(name)}`,
    typeof value === 'string' ? value : jsonOf(value),
  ]);
}

function environmentOf({ accessKeyId, secretAccessKey, sessionToken }: Access): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
    AWS_DEFAULT_REGION: 'us-west-2',
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** It ends with 254 when the service refused, and with others when it could not ask. */
function refusalOf({ code, stderr }: z.output<typeof ended>): Outcome {
  const serviceRefused = 254;
  const [, error, message] =
    /An error occurred \((\w+)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)/s.exec(stderr) ?? [];
  if (code !== serviceRefused || error === undefined || message === undefined)
    return { error: `exit ${code}`, message: stderr.trim(), problems: [] };
  return { error, message, problems: [] };
}

function withTimes(answer: Members): Members {
  return mapMembers(answer, (value, name) =>
    typeof value === 'string' && timeMembers.includes(name) ? Date.parse(value) : value,
  );
}

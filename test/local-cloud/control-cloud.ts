// A running embedded server for a test, with a clock that only moves when told, and clients nobody here wrote.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KinesisVideoClient } from '@aws-sdk/client-kinesis-video';
import { KinesisVideoArchivedMediaClient } from '@aws-sdk/client-kinesis-video-archived-media';
import type { Clock } from '../../agent/clock.ts';
import type { AgentError } from '../../agent/errors.ts';
import type { LocalCloud, LocalCloudOptions } from '../../agent/local-cloud/main.ts';
import { startLocalCloud } from '../../agent/local-cloud/main.ts';
import { Secret } from '../../agent/secret.ts';

export const keys = { accessKeyId: 'local', secretAccessKey: 'local-secret' };

export type TestCloud = AsyncDisposable & {
  cloud: LocalCloud;
  dataDir: string;
  problems: AgentError[];
  /** Stops the server and starts it again over the same folder. */
  restart(): Promise<void>;
};

export async function testCloud(options: Partial<LocalCloudOptions> = {}): Promise<TestCloud> {
  const dataDir = await mkdtemp(join(tmpdir(), 'local-cloud-'));
  const problems: AgentError[] = [];
  const start = () =>
    startLocalCloud({
      port: 0,
      dataDir,
      accessKeyId: keys.accessKeyId,
      secretAccessKey: new Secret(keys.secretAccessKey),
      onProblem: problem => problems.push(problem),
      ...options,
    });
  const running: TestCloud = {
    cloud: await start(),
    dataDir,
    problems,
    async restart() {
      await running.cloud.close();
      running.cloud = await start();
    },
    async [Symbol.asyncDispose]() {
      await running.cloud.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return running;
}

export type ManualClock = Clock & {
  advance(ms: number): void;
  /** Until the next timer is due; Infinity without one. */
  readonly dueInMs: number;
};

/** Stands still between calls of `advance`, which runs what falls due in order. */
export function manualClock(startMs: number): ManualClock {
  let elapsedMs = 0;
  let timers: { atMs: number; callback: () => void }[] = [];
  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    sleep: () => Promise.reject(new Error('nothing here sleeps')),
    get dueInMs() {
      return Math.min(...timers.map(({ atMs }) => atMs)) - elapsedMs;
    },
    after(ms, callback) {
      const timer = { atMs: elapsedMs + ms, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter(other => other !== timer);
      };
    },
    advance(ms) {
      const endMs = elapsedMs + ms;
      for (;;) {
        const due = timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (!due) break;
        timers = timers.filter(other => other !== due);
        elapsedMs = due.atMs;
        due.callback();
      }
      elapsedMs = endMs;
    },
  };
}

const region = 'us-west-2';

/** @param atMs what the client takes for the time; left out: the machine's */
export function controlClient(endpoint: string, credentials = keys, atMs = Date.now()): KinesisVideoClient {
  const systemClockOffset = atMs - Date.now();
  return new KinesisVideoClient({ endpoint, region, credentials, systemClockOffset, maxAttempts: 1 });
}

export function archiveClient(endpoint: string): KinesisVideoArchivedMediaClient {
  return new KinesisVideoArchivedMediaClient({ endpoint, region, credentials: keys, maxAttempts: 1 });
}

/** Debian's AWS CLI: an independent client, with its own signer and parser. */
export async function awsCli(endpoint: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    '/usr/bin/aws',
    ['--endpoint-url', endpoint, '--output', 'json', ...args],
    {
      env: {
        PATH: '/usr/bin:/bin',
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_DEFAULT_REGION: region,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    },
  );
  return stdout.trim() === '' ? {} : JSON.parse(stdout);
}

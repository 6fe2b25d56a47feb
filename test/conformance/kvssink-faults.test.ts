// AWS's GStreamer element through all that goes wrong on the way. What it repeats and what it gives up is its own design;
// that the embedded server drives it there and loses nothing of what it repeats is what these tests hold.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultInput } from '../../agent/local-cloud/faults/plan.ts';
import type { LocalCloudOptions } from '../../agent/local-cloud/main.ts';
import { ackErrorIds } from '../../agent/local-cloud/put-media/ack.ts';
import { isQuotaName, quotaNames } from '../../agent/local-cloud/quotas/table.ts';
import { archiveClient, keys, type TestCloud, testCloud } from '../local-cloud/control-cloud.ts';
import { cell } from './cell.ts';
import { frames, keptMedia, pictures } from './kept-media.ts';
import { coolDown, kvssink, kvssinkDir, needsKvssink, type Recording, type Run, type Sink, warmUp } from './kvssink.ts';

const client = 'kvssink';
const operation = 'PutMedia';

/** Which of the encoder's pictures are not kept, by their place. Those that are kept twice count once. */
async function missing(running: TestCloud, run: Run): Promise<number[]> {
  const archive = archiveClient(running.cloud.url);
  const kept = new Set(await pictures(await keptMedia(archive, 'cam', run.folder)));
  const encoded = await pictures(run.encoded);
  expect(new Set(encoded).size).toBe(encoded.length);
  return encoded.flatMap((picture, index) => (kept.has(picture) ? [] : [index]));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Of files with credentials. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvssink-credentials-'));
  if (kvssinkDir) await warmUp();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await coolDown();
});

describe.skipIf(!kvssinkDir).concurrent(needsKvssink, () => {
  type Story = { faults: FaultInput[]; sink?: Partial<Sink>; recording?: Partial<Recording> };

  /** A picture of four seconds under these faults; what is missing of it, and what was asked for. */
  async function live({ faults, sink, recording }: Story) {
    await using running = await testCloud({ faults: true });
    running.cloud.faults?.put(faults);
    await using run = await kvssink(
      { url: running.cloud.url, stream: 'cam', ...sink },
      { pictures: 100, ...recording },
    );
    await run.done;
    const report = running.cloud.faults?.report();
    expect(running.problems).toEqual([]);
    return {
      missing: await missing(running, run),
      met: report?.faults.map(({ met }) => met),
      sessions: report?.requests['/putMedia'] ?? 0,
    };
  }

  const answer = (asked: 'PutMedia' | 'DescribeStream' | 'GetDataEndpoint', status: number, errorType: string) =>
    ({ fault: 'answer', operation: asked, status, errorType, times: 2 }) as const;
  const once: Record<string, FaultInput[]> = {
    'a connection that breaks in the middle of a fragment': [{ fault: 'drop', afterBytes: 30_000, times: 2 }],
    'a connection that breaks before a stored fragment is acknowledged': [
      { fault: 'drop-before-acks', stored: true, times: 2 },
    ],
    'a connection that breaks and takes a fragment with it': [{ fault: 'drop-before-acks', stored: false, times: 2 }],
    'failures of the service': [answer('PutMedia', 500, 'InternalFailure')],
    'a service that is not available': [answer('PutMedia', 503, 'ServiceUnavailable')],
    'a denied request': [answer('PutMedia', 403, 'AccessDeniedException')],
    throttling: [answer('PutMedia', 400, 'ClientLimitExceededException')],
    'too many connections': [answer('PutMedia', 400, 'ConnectionLimitExceededException')],
    'an endpoint that is wrong for a moment': [answer('PutMedia', 400, 'InvalidEndpointException')],
  };
  for (const [name, faults] of Object.entries(once))
    cell({ operation, client }, `nothing is lost by ${name}, twice`, async () => {
      expect(await live({ faults })).toEqual({ missing: [], met: [2], sessions: 3 });
    });

  cell({ operation: 'DescribeStream', client }, 'is repeated when it is throttled', async () => {
    const faults = [answer('DescribeStream', 400, 'ClientLimitExceededException')];
    expect(await live({ faults })).toEqual({ missing: [], met: [2], sessions: 1 });
  });
  cell({ operation: 'DescribeStream', client }, 'is repeated when the service fails', async () => {
    const faults = [answer('DescribeStream', 500, 'InternalFailure')];
    expect(await live({ faults })).toEqual({ missing: [], met: [2], sessions: 1 });
  });
  cell({ operation: 'GetDataEndpoint', client }, 'is repeated when it is throttled', async () => {
    const faults = [answer('GetDataEndpoint', 400, 'ClientLimitExceededException')];
    expect(await live({ faults })).toEqual({ missing: [], met: [2], sessions: 1 });
  });

  cell({ operation, client }, 'acknowledgements may come in pieces', async () => {
    const { missing: lost, sessions } = await live({ faults: [{ fault: 'acks', as: 'split' }] });
    expect({ lost, sessions }).toEqual({ lost: [], sessions: 1 });
  });
  cell({ operation, client }, 'acknowledgements may come late', async () => {
    const { missing: lost, sessions } = await live({ faults: [{ fault: 'slow', acksMs: 1500 }] });
    expect({ lost, sessions }).toEqual({ lost: [], sessions: 1 });
  });

  const repeated = [4000, 4003, 5000, 5001];
  const skipped = [4001, 4002, 4004, 4006, 4009, 4011];
  for (const id of repeated)
    cell({ operation, client }, `the fragment of an ERROR ${id} is sent again`, async () => {
      const faults: FaultInput[] = [{ fault: 'ack-error', id, times: 1 }];
      expect(await live({ faults })).toEqual({ missing: [], met: [1], sessions: 2 });
    });
  for (const id of skipped)
    cell({ operation, client }, `the fragment of an ERROR ${id} is left out, and no other`, async () => {
      const faults: FaultInput[] = [{ fault: 'ack-error', id, times: 1 }];
      const lost = Array.from({ length: 25 }, (_, index) => index);
      expect(await live({ faults })).toEqual({ missing: lost, met: [1], sessions: 2 });
    });

  /** The producer's own numbers for them, of which it says no more than the number. */
  const fatal: Record<number, string> = {
    4005: '0x52000061',
    4007: '0x52000063',
    4008: '0x52000064',
    4010: '0x5200007c',
    4012: '0x5200007e',
    4500: '0x52000065',
    4501: '0x52000066',
    4502: '0x52000067',
    4503: '0x52000068',
    4504: '0x52000069',
    4505: '0x5200006a',
    4506: '0x5200006b',
    4507: '0x5200006c',
  };
  for (const [id, status] of Object.entries(fatal))
    cell({ operation, client }, `an ERROR ${id} ends it with what it means`, async () => {
      const faults: FaultInput[] = [{ fault: 'ack-error', id: Number(id), times: 1 }];
      const sink = { properties: ['stop-stream-timeout=2'] };
      await expect(live({ faults, sink })).rejects.toThrow(`Status: ${status}`);
    });
  test('every kind of ERROR is one of those', () => {
    expect([...repeated, ...skipped, ...Object.keys(fatal).map(Number)].sort()).toEqual([...ackErrorIds].sort());
  });
});

describe.skipIf(!kvssinkDir).concurrent(needsKvssink, () => {
  cell({ operation, client }, 'an outage costs the fragment under way at most', async () => {
    await using running = await testCloud({ faults: true });
    running.cloud.faults?.put([{ fault: 'refuse', afterMs: 4000, forMs: 3000 }]);
    await using run = await kvssink({ url: running.cloud.url, stream: 'cam' }, { pictures: 250 });
    await run.done;
    expect((await missing(running, run)).length).toBeLessThanOrEqual(25);
  });

  cell({ operation, client }, 'a restart of the server costs the fragment under way at most', async () => {
    await using running = await testCloud({ port: await freePort() });
    await using run = await kvssink({ url: running.cloud.url, stream: 'cam' }, { pictures: 250 });
    await run.printed('"PERSISTED"');
    await running.restart();
    await run.done;
    expect((await missing(running, run)).length).toBeLessThanOrEqual(25);
    expect(running.problems).toEqual([]);
  });

  cell(
    { operation, client },
    'a second producer of a stream waits for its turn and then sends everything',
    async () => {
      await using running = await testCloud({ quotas: new Set(quotaNames.filter(isQuotaName)) });
      const { url } = running.cloud;
      await using first = await kvssink({ url, stream: 'cam' }, { pictures: 150 });
      await first.printed('"BUFFERING"');
      await using second = await kvssink({ url, stream: 'cam' }, { pictures: 75 });
      await second.printed('ConnectionLimitExceededException');
      await Promise.all([first.done, second.done]);
      const kept = await frames(await keptMedia(archiveClient(url), 'cam', first.folder));
      expect(kept).toHaveLength(150 + 75);
      expect(running.problems).toEqual([]);
    },
  );

  cell({ operation, client }, 'a session token is taken that no signature covers', async () => {
    await using running = await testCloud();
    const env = { AWS_SESSION_TOKEN: 'of-temporary-credentials' };
    await using run = await kvssink({ url: running.cloud.url, stream: 'cam', env }, { pictures: 25 });
    await run.done;
    expect(await missing(running, run)).toEqual([]);
  });

  /** As kvssink reads it again when it has 35 s left: no sooner, whatever the server says. */
  const credentials = (accessKeyId: string, expiresInMs: number, token: string) => {
    const expires = `${new Date(Date.now() + expiresInMs).toISOString().slice(0, 19)}Z`;
    return `CREDENTIALS ${accessKeyId} ${expires} ${keys.secretAccessKey} ${token}`;
  };
  const noKeys = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };

  cell({ operation, client }, 'credentials that end are exchanged without a loss', async () => {
    await using running = await testCloud({ faults: true });
    const file = join(folder, 'renewed');
    await writeFile(file, credentials(keys.accessKeyId, 40_000, 'first'));
    const sink = { stream: 'cam', properties: [`credential-path=${file}`], env: noKeys };
    await using run = await kvssink({ url: running.cloud.url, ...sink }, { pictures: 275 });
    await run.printed('"BUFFERING"');
    await writeFile(file, credentials('local-renewed', 3_600_000, 'second'));
    running.cloud.faults?.put([
      {
        ...{ fault: 'token-expired', accessKeyId: keys.accessKeyId, renewedAccessKeyId: 'local-renewed' },
        afterMs: 7000,
      },
    ]);
    await run.done;
    expect(running.cloud.faults?.report().faults[0]?.met).toBeGreaterThan(0);
    running.cloud.faults?.clear();
    expect(await missing(running, run)).toEqual([]);
  });

  const quotas: Record<string, Partial<LocalCloudOptions>> = {
    'both are open for a moment': {},
    'the next is refused until it is over': { quotas: new Set(['PutMediaConnections']) },
  };
  for (const [index, [name, options]] of Object.entries(quotas).entries())
    cell({ operation, client }, `a session gives way to the next before its credentials end: ${name}`, async () => {
      await using running = await testCloud(options);
      const file = join(folder, `rotated-${index}`);
      await writeFile(file, credentials(keys.accessKeyId, 45_000, 'first'));
      const sink = { stream: 'cam', properties: [`credential-path=${file}`], env: noKeys };
      await using run = await kvssink({ url: running.cloud.url, ...sink }, { pictures: 1225 });
      await run.printed('"BUFFERING"');
      await writeFile(file, credentials(keys.accessKeyId, 3_600_000, 'second'));
      await run.done;
      expect(await missing(running, run)).toEqual([]);
      expect((await run.sent()).length).toBeGreaterThan(1);
    });
});

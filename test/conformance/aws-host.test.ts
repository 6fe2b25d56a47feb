// AWS's producers with nothing but keys and the name of a stream: they ask for kinesisvideo.us-west-2.amazonaws.com on
// port 443 and trust whom this machine trusts. In a network and a view of the file system of their own, that is the
// embedded server; nothing leaves the machine, and nothing on it is changed.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect } from 'vitest';
import { archiveClient, testCloud } from '../local-cloud/control-cloud.ts';
import { cell } from './cell.ts';
import { frames, keptMedia } from './kept-media.ts';
import {
  coolDown,
  kvssink,
  kvssinkDir,
  needsKvssink,
  needsProducerC,
  producerCDir,
  program,
  type Run,
  type Sink,
} from './kvssink.ts';
import { type TestCertificate, testCertificate } from './test-certificate.ts';

const host = 'kinesisvideo.us-west-2.amazonaws.com';
const operation = 'PutMedia';

/** HOSTS CERTIFICATE KEY DATA NODE CLI PRODUCER…: the server on port 443 while the producer runs. */
const script = `
  set -e
  hosts=$1 certificate=$2 key=$3 data=$4 node=$5 cli=$6
  shift 6
  ip link set lo up
  mount --bind "$hosts" /etc/hosts
  mount --bind "$certificate" /etc/ssl/certs/ca-certificates.crt
  "$node" "$cli" local-cloud --port 443 --data "$data" --tls-certificate "$certificate" --tls-key "$key" >&2 &
  server=$!
  tries=0
  until curl --silent --output /dev/null https://${host}/ || [ $((tries += 1)) = 200 ]; do sleep 0.1; done
  status=0
  "$@" || status=$?
  kill $server
  wait $server || true
  exit $status`;

function mayUnshare(): boolean {
  try {
    execFileSync('unshare', ['--net', '--mount', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const isAble = Boolean(kvssinkDir ?? producerCDir) && mayUnshare();

afterAll(coolDown);

describe.skipIf(!isAble)('at the host name of AWS (root only)', () => {
  let certificate: TestCertificate;
  let folder: string;
  let sink: Sink;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aws-host-'));
    certificate = await testCertificate(`DNS:${host}`);
    const hosts = join(folder, 'hosts');
    await writeFile(hosts, `127.0.0.1 localhost ${host}\n`);
    const cli = join(import.meta.dirname, '../../agent/cli.ts');
    const server = [hosts, certificate.file, certificate.keyFile, join(folder, 'data'), process.execPath, cli];
    sink = { stream: 'cam', within: ['unshare', '--net', '--mount', 'sh', '-c', script, 'sh', ...server] };
  });
  afterEach(async () => {
    await certificate[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** The server that kept it is gone; another one reads it. */
  async function checkAllKept(run: Run): Promise<void> {
    await run.done;
    await using reading = await testCloud({ dataDir: join(folder, 'data') });
    const kept = await keptMedia(archiveClient(reading.cloud.url), 'cam', run.folder);
    const [sent = '', ...more] = await run.sent();
    expect(more).toEqual([]);
    expect((await frames(kept)).length).toBeGreaterThan(40);
    expect(await frames(kept)).toEqual(await frames(sent));
  }

  describe.skipIf(!kvssinkDir)(needsKvssink, () => {
    cell({ operation, client: 'kvssink' }, 'needs nothing changed, nor even told', async () => {
      await using run = await kvssink(sink, { pictures: 50 });
      await checkAllKept(run);
    });
  });

  describe.skipIf(!producerCDir)(needsProducerC, () => {
    cell({ operation, client: 'producer-c' }, 'needs nothing changed, nor even told', async () => {
      const env = { LD_LIBRARY_PATH: producerCDir };
      const command = ['kvsVideoOnlyRealtimeStreamingSample', 'cam', 'h264', '4'];
      await using run = await program({ ...sink, env }, producerCDir ?? '', command);
      await checkAllKept(run);
    });
  });
});

// PutMedia of the embedded server over sockets, with the wire itself damaged and several sessions of one stream at once: it
// ends in acknowledgements and errors that KVS has, or hung up; afterwards every PERSISTED fragment is there, made of nothing
// but what was sent, the index says what the disk says, and nothing is left half or open.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { clusterHeader } from '../../agent/local-cloud/store/fragment-file.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { type Ack, AckParser } from '../../agent/uploader/acks.ts';
import { create } from './cloud/media.ts';
import { oddSession } from './cloud/put-media-session.ts';
import { RunningCloud } from './cloud/running-cloud.ts';
import { damagedMatroska } from './ebml.ts';
import { matroskaSamples } from './matroska-samples.ts';
import { below, demand, type Ending, oneOf, type Random, type Target } from './target.ts';

const streams = ['fuzz-0', 'fuzz-1', 'fuzz-2'];
/** Then all is compared, and the streams are made anew. */
const checkEvery = 500;
const settleMs = 5_000;
const errors = [
  ...['ResourceNotFoundException', 'NotAuthorizedException', 'InvalidEndpointException', 'InvalidArgumentException'],
  ...['ConnectionLimitExceededException', 'ClientLimitExceededException'],
];
const stages = ['BUFFERING', 'RECEIVED', 'PERSISTED'];

export async function cloudPutMediaTarget(): Promise<Target> {
  const samples = matroskaSamples();
  const cloud = await RunningCloud.start();
  const persisted = new Map<string, string[]>();
  const begin = async () => {
    for (const StreamName of streams) {
      await create(cloud, { StreamName, DataRetentionInHours: 24 });
      persisted.set(StreamName, []);
    }
  };
  const finish = async () => {
    for (const stream of streams) await demandConsistent(cloud, stream, persisted.get(stream) ?? []);
  };
  const session = async (stream: string, random: Random): Promise<Ending> => {
    const body = random() < 0.4 ? oneOf(samples, random).bytes : damagedMatroska(samples, random);
    const { sending, isFaithful } = oddSession(cloud, stream, body, random);
    const reply = await cloud.send(sending);
    if (reply.status !== 200) return cloud.errorType(reply, errors);
    const acks = new AckParser().push(reply.body);
    for (const { eventType, fragmentNumber = '' } of acks) {
      if (eventType !== 'PERSISTED') continue;
      persisted.get(stream)?.push(fragmentNumber);
      if (isFaithful) await demandSent(cloud, stream, fragmentNumber, body);
    }
    return endingOf(acks, reply.isWhole);
  };
  await begin();
  cloud.rebase();
  let inputs = 0;
  return {
    async feed(random) {
      if (++inputs % checkEvery === 0) {
        await finish();
        for (const stream of streams) await remove(cloud, stream);
        await begin();
      }
      const stream = oneOf(streams, random);
      if (random() < 0.85) return session(stream, random);
      // The newer of two connections ends the older; which is the newer is left to chance.
      const endings = await Promise.all(Array.from({ length: 2 + below(3, random) }, () => session(stream, random)));
      return `at once: ${endings[0]}`;
    },
    async [Symbol.asyncDispose]() {
      await finish();
      await cloud[Symbol.asyncDispose]();
    },
  };
}

/** Every fragment goes through its stages in order; an ERROR is the last word, and not one of the server's own. */
function endingOf(acks: readonly Ack[], isWhole: boolean): Ending {
  const reached = new Map<string, number>();
  for (const [index, { eventType, fragmentNumber = '', errorCode = '', timecodeMs }] of acks.entries()) {
    if (eventType === 'ERROR') {
      demand(index === acks.length - 1, `${acks.length - index - 1} acknowledgements came after an ERROR`);
      demand(!['INTERNAL_ERROR', 'ARCHIVAL_ERROR', ''].includes(errorCode), `the session ended in ${errorCode}`);
      return errorCode;
    }
    const stage = reached.get(fragmentNumber) ?? 0;
    demand(stages[stage] === eventType, `${eventType} came where ${stages[stage]} was due`);
    demand(
      /^\d{47}$/.test(fragmentNumber) && timecodeMs !== undefined,
      `an acknowledgement of no fragment: ${fragmentNumber}`,
    );
    reached.set(fragmentNumber, stage + 1);
  }
  return `${isWhole ? 'whole' : 'cut'}, ${Math.min(3, acks.length)} acks`;
}

/** Its cluster is a piece of the body. */
async function demandSent(cloud: RunningCloud, stream: string, number: string, body: Uint8Array): Promise<void> {
  const input = { StreamName: stream, Fragments: [number] };
  const { status, body: file } = await cloud.call({ path: '/getMediaForFragmentList', body: JSON.stringify(input) });
  demand(status === 200, `a PERSISTED fragment cannot be read: ${status} ${file}`);
  const headerBytes = clusterHeader(0).length;
  for (
    let at = file.indexOf(clusterHeader(0).subarray(0, 4));
    at >= 0;
    at = file.indexOf(clusterHeader(0).subarray(0, 4), at + 1)
  ) {
    const cluster = file.subarray(at + headerBytes);
    if (!file.subarray(at, at + headerBytes).equals(clusterHeader(cluster.length))) continue;
    return demand(cluster.length > 0 && Buffer.from(body).includes(cluster), 'what is stored is not what was sent');
  }
  demand(false, 'a stored file has no cluster of its own size');
}

async function demandConsistent(cloud: RunningCloud, stream: string, persisted: readonly string[]): Promise<void> {
  const folder = join(cloud.dataDir, 'streams', folderName(stream));
  let files: string[] = [];
  let listed: string[] = [];
  // Sessions whose connection was cut may still be ending.
  for (let waitedMs = 0; waitedMs <= settleMs; waitedMs += 50) {
    listed = await listedNumbers(cloud, stream);
    files = (await readdir(folder)).filter(file => file !== 'stream.json').toSorted();
    if (files.join() === listed.map(number => `${number}.mkv`).join()) break;
    await delay(50);
  }
  demand(files.join() === listed.map(number => `${number}.mkv`).join(), `on disk ${files}, listed ${listed}`);
  const known = new Set(listed);
  for (const number of persisted) demand(known.has(number), `${number} was PERSISTED and is not listed`);
}

async function listedNumbers(cloud: RunningCloud, StreamName: string): Promise<string[]> {
  const numbers: string[] = [];
  const range = { StartTimestamp: 0, EndTimestamp: 250_000_000_000 };
  let asked: object = { FragmentSelector: { FragmentSelectorType: 'SERVER_TIMESTAMP', TimestampRange: range } };
  for (;;) {
    const { status, body } = await cloud.call({
      path: '/listFragments',
      body: JSON.stringify({ StreamName, MaxResults: 1000, ...asked }),
    });
    demand(status === 200, `ListFragments: ${status} ${body}`);
    const { Fragments, NextToken } = JSON.parse(body.toString());
    numbers.push(...Fragments.map(({ FragmentNumber }: { FragmentNumber: string }) => FragmentNumber));
    if (NextToken === undefined) return numbers.toSorted();
    asked = { NextToken };
  }
}

async function remove(cloud: RunningCloud, StreamName: string): Promise<void> {
  const { body } = await cloud.call({ path: '/describeStream', body: JSON.stringify({ StreamName }) });
  const { StreamARN } = JSON.parse(body.toString()).StreamInfo;
  const { status } = await cloud.call({ path: '/deleteStream', body: JSON.stringify({ StreamARN }) });
  demand(status === 200, `DeleteStream: ${status}`);
}

// The embedded server's PutMedia: headers and bodies of any kind end in what KVS says, and in nothing else; every
// fragment it acknowledges goes through the stages in order, in lines that a producer's parser reads back.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../agent/clock.ts';
import { type Ack, AckError, ackLine } from '../../agent/local-cloud/put-media/ack.ts';
import { Ingest } from '../../agent/local-cloud/put-media/ingest.ts';
import { parseSessionRequest } from '../../agent/local-cloud/put-media/session-request.ts';
import type { StoredStream } from '../../agent/local-cloud/store/media-store.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { WireError } from '../../agent/local-cloud/wire-error.ts';
import { AckParser } from '../../agent/uploader/acks.ts';
import { damagedMatroska } from './ebml.ts';
import { matroskaSamples } from './matroska-samples.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { demand, oneOf, pieces, type Random, type Target } from './target.ts';

/** Without retention, only the newest of it is kept: as much as KVS buffers for who reads along. */
const stream: StoredStream = {
  name: 'fuzz',
  arn: 'arn:aws:kinesisvideo:us-west-2:123456789012:stream/fuzz/1',
  createdMs: 0,
  version: '1',
  retentionHours: 0,
  tags: {},
};
/** What a C producer's parser takes at once. */
const longestAckBytes = 1024;

export async function putMediaTarget(): Promise<Target> {
  const samples = matroskaSamples();
  const dataDir = await mkdtemp(join(tmpdir(), 'kvs-edge-fuzz-'));
  const onProblem = (error: unknown) => {
    throw error;
  };
  const store = await Store.open({ dataDir, clock: systemClock, random: Math.random, onProblem });
  await store.saveStream(stream);
  return {
    async feed(random) {
      const timelineMs = timelineOf(headers(random));
      if (timelineMs === undefined) return 'headers refused';
      const acks: Ack[] = [];
      const ending = await ingest(store, { body: damagedMatroska(samples, random), random, timelineMs, acks });
      demandOrder(acks);
      for (const ack of acks) demandReadable(ackLine(ack));
      return ending;
    },
    async [Symbol.asyncDispose]() {
      const kept = store.fragments({
        stream: stream.name,
        by: 'server',
        fromMs: -Infinity,
        toMs: Infinity,
        limit: 1e6,
      });
      await store.close();
      const files = (await readdir(dataDir, { recursive: true })).filter(name => name.includes('.mkv'));
      await rm(dataDir, { recursive: true });
      const left = files.length - kept.length;
      demand(left === 0, `${left} files of fragments that never were complete stayed on the disk`);
    },
  };
}

function headers(random: Random): Record<string, string> {
  const damaged = (text: string) =>
    random() < 0.05 ? Buffer.from(mutateBytes(Buffer.from(text), random)).toString() : text;
  return {
    'x-amzn-stream-name': damaged('fuzz'),
    'x-amzn-fragment-timecode-type': damaged(oneOf(['ABSOLUTE', 'RELATIVE'], random)),
    'x-amzn-producer-start-timestamp': damaged(oneOf(['1700000000.007', '1700000000.7', '0', '1.5'], random)),
  };
}

/** Undefined when the request is refused as KVS would. */
function timelineOf(received: Record<string, string>): number | undefined {
  try {
    return parseSessionRequest(received).timelineMs;
  } catch (error) {
    if (error instanceof WireError && error.type === 'InvalidArgumentException') return undefined;
    throw error;
  }
}

type Body = { body: Uint8Array; random: Random; timelineMs: number; acks: Ack[] };

async function ingest(store: Store, { body, random, timelineMs, acks }: Body): Promise<string> {
  const acknowledge = (ack: Ack) => void acks.push(ack);
  const onFailure = (error: unknown) => {
    throw error;
  };
  const session = new Ingest({ store, stream, timelineMs, acknowledge, onFailure });
  try {
    for (const piece of pieces(body, random)) await session.take(piece);
    await session.end();
    return 'whole';
  } catch (error) {
    if (!(error instanceof AckError) || error.code === 'INTERNAL_ERROR' || error.code === 'ARCHIVAL_ERROR') throw error;
    demandReadable(ackLine({ type: 'ERROR', code: error.code, fragment: session.current }));
    return error.code;
  } finally {
    await session.discard();
  }
}

/** BUFFERING, then RECEIVED, of one fragment after the other. */
function demandOrder(acks: readonly Ack[]): void {
  let open: string | undefined;
  for (const ack of acks) {
    const number = 'fragment' in ack ? ack.fragment?.number : undefined;
    if (ack.type === 'BUFFERING') demand(open === undefined, 'a fragment began before the one before it was received');
    else demand(ack.type === 'RECEIVED' && number === open, `${ack.type} came for a fragment that is not the open one`);
    open = ack.type === 'BUFFERING' ? number : undefined;
  }
}

function demandReadable(line: string): void {
  demand(line.length <= longestAckBytes, `an ack of ${line.length} bytes`);
  demand(new AckParser().push(Buffer.from(line)).length === 1, `an ack that cannot be read: ${line}`);
}

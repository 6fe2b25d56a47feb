// Streams with media for the fuzzers to ask for: good and played by real decoders, odd but good, and damaged.
import { type Ack, AckParser } from '../../../agent/uploader/acks.ts';
import { damagedMatroska } from '../ebml.ts';
import { matroskaSamples } from '../matroska-samples.ts';
import type { Sample } from '../mutate-elements.ts';
import { seededRandom } from '../seeded-random.ts';
import { demand } from '../target.ts';
import { headOf, type RunningCloud } from './running-cloud.ts';
import { signedHeaders } from './signed-request.ts';

/** Producer time of the stored media. */
export const mediaStartMs = 1_700_000_000_000;
export const mediaStepMs = 1_000;
const damagedStreams = 12;
const damagedBodies = 400;

export type Media = {
  samples: Sample[];
  /** Streams with good media, by what is in them. */
  good: string[];
  damaged: string[];
  /** Numbers of fragments of all of them. */
  numbers: string[];
  /** As the stream for changes was when it was last looked at. */
  scratch: { arn: string; version: string };
};

/** Keeps what is the same for all targets in a few dozen kilobytes. */
export async function storeMedia(cloud: RunningCloud): Promise<Media> {
  const samples = matroskaSamples();
  const good = ['made', 'foreign', 'h264', 'h265'];
  const damaged = Array.from({ length: damagedStreams }, (_, index) => `damaged-${index}`);
  for (const StreamName of [...good, ...damaged]) await create(cloud, { StreamName, DataRetentionInHours: 24 });
  await create(cloud, { StreamName: 'live', DataRetentionInHours: 1 });
  await create(cloud, { StreamName: 'kept-nothing' });
  await create(cloud, { StreamName: 'empty', DataRetentionInHours: 24 });
  const numbers: string[] = [];
  for (const [index, stream] of good.entries())
    for (let session = 0; session < 6; session++) {
      const acks = await put(
        cloud,
        stream,
        samples[index]?.bytes ?? new Uint8Array(),
        mediaStartMs + session * mediaStepMs,
      );
      for (const { eventType, fragmentNumber = '' } of acks)
        if (eventType === 'PERSISTED') numbers.push(fragmentNumber);
    }
  demand(numbers.length >= 4 * 6, `only ${numbers.length} fragments of good media were stored`);
  await put(cloud, 'kept-nothing', samples[2]?.bytes ?? new Uint8Array(), mediaStartMs);
  const random = seededRandom(4711);
  for (let body = 0; body < damagedBodies; body++) {
    const stream = damaged[body % damaged.length] ?? '';
    const acks = await put(cloud, stream, damagedMatroska(samples, random), mediaStartMs + body * mediaStepMs);
    for (const { eventType, fragmentNumber = '' } of acks) if (eventType === 'PERSISTED') numbers.push(fragmentNumber);
  }
  return { samples, good, damaged, numbers, scratch: { arn: '', version: '' } };
}

export async function create(cloud: RunningCloud, input: object): Promise<void> {
  const { status, body } = await cloud.call({ path: '/createStream', body: JSON.stringify(input) });
  demand(status === 200, `CreateStream: ${status} ${body}`);
}

/** One session as a good producer would send it. */
export async function put(cloud: RunningCloud, stream: string, media: Uint8Array, startMs: number): Promise<Ack[]> {
  const { status, body } = await cloud.send({
    pieces: [putMediaHead(cloud, stream, startMs, { 'content-length': String(media.length) }), media],
  });
  demand(status === 200, `PutMedia: ${status} ${body}`);
  return new AckParser().push(body);
}

/** @param framing how the body is sent, and what else stands in the head */
function putMediaHead(cloud: RunningCloud, stream: string, startMs: number, framing: Record<string, string>): string {
  const signed = signedHeaders({ target: '/putMedia', host: cloud.host, nowMs: Date.now() });
  return headOf('POST /putMedia HTTP/1.1', {
    ...signed,
    'x-amzn-stream-name': stream,
    'x-amzn-fragment-timecode-type': 'RELATIVE',
    'x-amzn-producer-start-timestamp': (startMs / 1000).toFixed(3),
    ...framing,
  });
}

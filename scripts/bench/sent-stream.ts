// One stream of footage sent to the embedded server as fast as it takes it, for benches of what comes in and what is read back.
import { once } from 'node:events';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video';
import { writeHeader } from '../../agent/matroska/write.ts';
import { controlClient } from '../../test/local-cloud/control-cloud.ts';
import { clusterOf, putMedia } from '../../test/local-cloud/ingest-producer.ts';
import { readFootageLoop } from '../../test/local-cloud/soak/footage-loop.ts';
import { matroskaFootage } from './footage.ts';

export type SendableStream = { header: Uint8Array; clusters: Uint8Array[]; startMs: number; endMs: number };

/** About `megabytes` of fragments of two seconds and 1 MB, the last of which ends now. */
export async function sendableStream(megabytes: number): Promise<SendableStream> {
  const { tracks, fragments, fragmentMs, pictureMs } = await readFootageLoop(await matroskaFootage(megabytes));
  const endMs = Date.now();
  const startMs = endMs - fragments.length * fragmentMs;
  const clusters = fragments.map((pictures, index) => {
    const clusterMs = startMs + index * fragmentMs;
    return clusterOf(
      clusterMs,
      pictures.map((frame, place) => ({ ...frame, timecodeMs: clusterMs + place * pictureMs })),
    );
  });
  return { header: writeHeader(tracks), clusters, startMs, endMs };
}

/** @returns its ARN */
export async function makeStream(url: string, StreamName: string): Promise<string | undefined> {
  const command = new CreateStreamCommand({ StreamName, DataRetentionInHours: 48 });
  return (await controlClient(url).send(command)).StreamARN;
}

/** Milliseconds from the first byte of the body until all is PERSISTED. Rejects when something is not. */
export async function sendAll(url: string, stream: string, { header, clusters }: SendableStream): Promise<number> {
  const producer = await putMedia(url, { stream });
  const startMs = performance.now();
  for (const piece of [header, ...clusters]) {
    if (!producer.request.write(piece)) await once(producer.request, 'drain');
  }
  const acks = await producer.end();
  const persisted = acks.filter(({ EventType }) => EventType === 'PERSISTED').length;
  if (persisted !== clusters.length) throw new Error(`${persisted} of ${clusters.length} fragments are PERSISTED`);
  return performance.now() - startMs;
}

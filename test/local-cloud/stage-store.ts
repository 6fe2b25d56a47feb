// Streams and fragments put into a store directly, without a server or a producer.
import type { StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import type { Store } from '../../agent/local-cloud/store/store.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { cluster, startMs, videoTrack } from './ingest-producer.ts';

const header = writeHeader([videoTrack]);

export function makeStream(
  store: Store,
  name: string,
  { retentionHours, createdMs }: { retentionHours: number; createdMs: number },
): Promise<void> {
  const arn = `arn:aws:kinesisvideo:us-west-2:000000000000:stream/${name}/${createdMs}`;
  return store.saveStream({ name, arn, createdMs, version: 'v1', retentionHours, tags: {} });
}

/** Three pictures, and so many bytes more. */
export async function addFragment(
  store: Store,
  { stream, producerMs = startMs, padBytes = 0 }: { stream: string; producerMs?: number; padBytes?: number },
): Promise<StoredFragment> {
  const arrival = await store.receive({ stream, producerMs, header, tags: [] });
  // Without id and size of the cluster, which the writer makes itself.
  await arrival.writer.append([cluster(producerMs, 3).subarray(5)]);
  if (padBytes > 0) await arrival.writer.append([new Uint8Array(padBytes)]);
  const content = { streamName: stream, producerMs, lengthMs: 200, frames: 3, timelineMs: 0, tracks: [videoTrack] };
  return store.persist(arrival, content);
}

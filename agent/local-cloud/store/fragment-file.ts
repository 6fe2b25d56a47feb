// How a fragment lies on disk, byte for byte what GetMedia sends for it: the producer's header, AWS_KINESISVIDEO_* tags
// with number and times, the producer's tags, one cluster of known size. So a file says by itself what it is, plays by
// itself, and shows by itself whether it is whole.
import { AgentError } from '../../errors.ts';
import { MatroskaReader } from '../../matroska/read.ts';
import type { Track } from '../../matroska/track.ts';
import { writeTags } from '../../matroska/write.ts';
import { fragmentNumberParts } from './fragment-number.ts';

const tagNames = {
  number: 'AWS_KINESISVIDEO_FRAGMENT_NUMBER',
  serverTime: 'AWS_KINESISVIDEO_SERVER_TIMESTAMP',
  producerTime: 'AWS_KINESISVIDEO_PRODUCER_TIMESTAMP',
} as const;

const clusterId = Uint8Array.of(0x1f, 0x43, 0xb6, 0x75);

export type FragmentIdentity = { number: string; serverMs: number; producerMs: number };

export function identityTags({ number, serverMs, producerMs }: FragmentIdentity): Uint8Array {
  return writeTags([
    { name: tagNames.number, value: number },
    { name: tagNames.serverTime, value: seconds(serverMs) },
    { name: tagNames.producerTime, value: seconds(producerMs) },
  ]);
}

/** Element id and an 8-byte size; 0 stands there until the cluster is complete. */
export function clusterHeader(bodyBytes: number): Uint8Array {
  const header = Buffer.alloc(12);
  header.set(clusterId);
  header.writeBigUInt64BE(2n ** 56n + BigInt(bodyBytes), 4);
  return header;
}

export type FragmentContent = FragmentIdentity & {
  lengthMs: number;
  frames: number;
  timelineMs: number;
  tracks: Track[];
};

/** What a fragment's file says of itself; undefined when it is not whole. */
export function readFragmentFile(bytes: Uint8Array): FragmentContent | undefined {
  try {
    return contentOf(bytes);
  } catch (error) {
    if (error instanceof AgentError) return undefined;
    throw error;
  }
}

function contentOf(bytes: Uint8Array): FragmentContent | undefined {
  const reader = new MatroskaReader({ borrowFrames: true });
  const tags = new Map<string, string>();
  let tracks: Track[] = [];
  let clusterMs: number | undefined;
  let [firstMs, lastMs, frames] = [Infinity, -Infinity, 0];
  for (const event of reader.push(bytes)) {
    if (event.type === 'tracks') tracks = event.tracks;
    else if (event.type === 'tags') for (const { name, value } of event.tags) tags.set(name, value);
    else if (event.type === 'cluster') clusterMs = event.timecodeMs;
    else if (event.type === 'frame') {
      frames++;
      firstMs = Math.min(firstMs, event.frame.timecodeMs);
      lastMs = Math.max(lastMs, event.frame.timecodeMs);
    }
  }
  reader.end();
  const number = tags.get(tagNames.number) ?? '';
  const [serverMs, producerMs] = [
    milliseconds(tags.get(tagNames.serverTime)),
    milliseconds(tags.get(tagNames.producerTime)),
  ];
  const timelineMs = producerMs - (clusterMs ?? NaN);
  // Also of what damage made of a digit.
  const isWhole =
    fragmentNumberParts(number) && [serverMs, producerMs, timelineMs].every(Number.isSafeInteger) && frames > 0;
  if (!isWhole) return undefined;
  return { number, serverMs, producerMs, lengthMs: lastMs - firstMs, frames, timelineMs, tracks };
}

function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}`;
}

/** NaN for what `seconds` did not write. */
function milliseconds(text = ''): number {
  return Math.round(Number(text || NaN) * 1000);
}

// A process of the upload bench: a camera of 25 pictures a second without a camera, through fragmenter, spool and uploader
// to the embedded server, in real time. Prints one JSON line: for each fragment, when its last picture came, when it was
// known to be the last, and when the service had stored it.
import { setTimeout as delay } from 'node:timers/promises';
import { connectAws } from '../../agent/aws/aws.ts';
import { KinesisVideo } from '../../agent/aws/kinesis-video.ts';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { fragmentItems } from '../../agent/fragmenter/fragment-items.ts';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { runUploader } from '../../agent/uploader/uploader.ts';
import { bitsPerSecond, framesPerSecond } from './footage.ts';

/** One fragment. Times are of the monotonic clock. */
export type Journey = { lastFrameMs: number; endKnownMs: number; persistedMs: number };

const frameMs = 1000 / framesPerSecond;
const framesPerFragment = framesPerSecond;
const frameBytes = bitsPerSecond / 8 / framesPerSecond;
const persistedPatienceMs = 5_000;

/** One picture every 40 ms, on time however long the one before took; a key frame a second. */
async function* pictures(count: number): AsyncGenerator<SourceItem> {
  const codecPrivate = Uint8Array.of(1, 0x42, 0, 0x1f, 0xff, 0xe0, 0);
  const track = {
    type: 'video',
    number: 1,
    codecId: 'V_MPEG4/ISO/AVC',
    codecPrivate,
    width: 1920,
    height: 1080,
  } as const;
  yield { type: 'tracks', tracks: [track] };
  const startMs = performance.now();
  for (let index = 0; index < count; index++) {
    await delay(Math.max(0, startMs + index * frameMs - performance.now()));
    const keyFrame = index % framesPerFragment === 0;
    const data = new Uint8Array(frameBytes);
    // One NAL unit: its length, then an IDR picture or a slice of a P picture.
    new DataView(data.buffer).setUint32(0, frameBytes - 4);
    data[4] = keyFrame ? 0x65 : 0x41;
    yield { type: 'frame', frame: { trackNumber: 1, timecodeMs: index * frameMs, keyFrame, data } };
  }
}

/** Notes when each fragment's last picture came and when the next one showed that it was the last. */
async function* noting(
  parts: AsyncIterable<FragmentPart>,
  journeys: Map<number, Journey>,
): AsyncGenerator<FragmentPart> {
  let startMs = 0;
  let lastFrameMs = 0;
  for await (const part of parts) {
    const nowMs = performance.now();
    if (part.type === 'begin') startMs = part.startMs;
    else if (part.type === 'frame') lastFrameMs = nowMs;
    else journeys.set(startMs, { lastFrameMs, endKnownMs: nowMs, persistedMs: Number.NaN });
    yield part;
  }
}

async function main([dir = '', endpoint = '', fragments = '0']: string[]): Promise<void> {
  const facts = new Facts(error => {
    throw error;
  });
  const journeys = new Map<number, Journey>();
  facts.subscribe(fact => {
    const journey = fact.type === 'fragment.persisted' ? journeys.get(fact.startMs) : undefined;
    if (journey) journey.persistedMs = performance.now();
  });
  const tools = { clock: systemClock, random: Math.random };
  using service = new KinesisVideo(connectAws({ region: 'us-west-2', endpoint }, tools), systemClock);
  await using spool = await Spool.open({ dir, maxBytes: 10_000_000_000, clock: systemClock, facts });
  const stop = new AbortController();
  const camera = { id: 'bench', stream: 'bench-live', retentionHours: 1 };
  const uploading = runUploader({ camera, spool, service, facts, ...tools, signal: stop.signal });
  const items = pictures((Number(fragments) + 1) * framesPerFragment);
  await spool.write(camera.id, noting(fragmentItems(items, { clock: systemClock, cameraId: camera.id }), journeys));
  const deadlineMs = performance.now() + persistedPatienceMs;
  while ([...journeys.values()].some(({ persistedMs }) => Number.isNaN(persistedMs)) && performance.now() < deadlineMs)
    await delay(20);
  stop.abort();
  await uploading;
  // The last fragment ended with the camera, not with a key frame; the first one waited for the stream to be made.
  process.stdout.write(`journeys ${JSON.stringify([...journeys.values()].slice(1, -1))}\n`);
}

await main(process.argv.slice(2));

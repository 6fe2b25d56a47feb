// A camera as PutMedia sees it: every picture in its time, whether or not the server keeps up, with timecodes of the wall
// clock. Keeps of each fragment when its last byte went out, when the next one showed its end, and when it was PERSISTED.
import { setTimeout as delay } from 'node:timers/promises';
import { frameHeader, writeClusterStart, writeHeader } from '../../../agent/matroska/write.ts';
import { type Producer, putMedia } from '../ingest-producer.ts';
import type { FootageLoop } from './footage-loop.ts';

export type SentFragment = {
  timecodeMs: number;
  bytes: number;
  /** When its last byte was handed to the connection; this and the others on one clock, in milliseconds. */
  lastByteMs: number;
  /** When the next cluster's first byte was, or the end of the body: before, nobody knows that there are no more pictures. */
  endKnownMs: number;
  persistedMs?: number;
  number?: string;
};

export type StreamReport = {
  stream: string;
  fragments: SentFragment[];
  pictures: number;
  /** Went out when the next one was due already. */
  latePictures: number;
  /** Other acknowledgements than the four of a healthy session. */
  refusals: string[];
};

export type LiveProducerOptions = { url: string; stream: string; loop: FootageLoop; fragments: number };

/** KVS ends a connection after 45 minutes. */
const sessionMs = 40 * 60_000;

/** Sends so many fragments, each in the time it lasts. Resolves when the answers of all sessions are over. */
export async function produceLive({ url, stream, loop, fragments }: LiveProducerOptions): Promise<StreamReport> {
  const report: StreamReport = { stream, fragments: [], pictures: 0, latePictures: 0, refusals: [] };
  const startMs = performance.now();
  const startWallMs = Date.now();
  const perSession = Math.max(1, Math.floor(sessionMs / loop.fragmentMs));
  for (let sent = 0; sent < fragments; sent += perSession) {
    const producer = await putMedia(url, { stream });
    const taken = takeAcks(producer, report);
    await producer.send(writeHeader(loop.tracks));
    for (let index = sent; index < Math.min(fragments, sent + perSession); index++)
      await sendFragment({ producer, report, loop, index, startMs, startWallMs });
    endKnown(report);
    producer.request.end();
    await taken;
  }
  return report;
}

type Sending = {
  producer: Producer;
  report: StreamReport;
  loop: FootageLoop;
  index: number;
  startMs: number;
  startWallMs: number;
};

async function sendFragment({ producer, report, loop, index, startMs, startWallMs }: Sending): Promise<void> {
  const timecodeMs = startWallMs + index * loop.fragmentMs;
  const fragment: SentFragment = { timecodeMs, bytes: 0, lastByteMs: Number.NaN, endKnownMs: Number.NaN };
  const pictures = loop.fragments[index % loop.fragments.length] ?? [];
  for (const [place, picture] of pictures.entries()) {
    const afterMs = index * loop.fragmentMs + place * loop.pictureMs;
    await delay(Math.max(0, startMs + afterMs - performance.now()));
    report.pictures++;
    if (performance.now() - startMs - afterMs > loop.pictureMs) report.latePictures++;
    const frame = { ...picture, timecodeMs: startWallMs + afterMs };
    const pieces = [frameHeader(frame, timecodeMs), frame.data];
    if (place === 0) {
      pieces.unshift(writeClusterStart(timecodeMs));
      endKnown(report);
      report.fragments.push(fragment);
    }
    fragment.bytes += pieces.reduce((sum, piece) => sum + piece.length, 0);
    fragment.lastByteMs = performance.now();
    await producer.send(...pieces);
  }
}

function endKnown({ fragments }: StreamReport): void {
  const open = fragments.at(-1);
  if (open && Number.isNaN(open.endKnownMs)) open.endKnownMs = performance.now();
}

async function takeAcks({ next }: Producer, report: StreamReport): Promise<void> {
  for (let ack = await next(); ack; ack = await next()) {
    if (ack.EventType === 'PERSISTED') {
      const timecodeMs = ack.FragmentTimecode;
      const fragment = report.fragments.findLast(candidate => candidate.timecodeMs === timecodeMs);
      if (!fragment || fragment.number !== undefined) report.refusals.push(`unexpected ${JSON.stringify(ack)}`);
      else Object.assign(fragment, { persistedMs: performance.now(), number: ack.FragmentNumber });
    } else if (!['BUFFERING', 'RECEIVED', 'IDLE'].includes(ack.EventType)) report.refusals.push(JSON.stringify(ack));
  }
}

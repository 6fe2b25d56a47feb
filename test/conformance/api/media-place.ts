// Where recorded media is asked for: streams that all clients read and none changes, each of another kind.
import { writeHeader } from '../../../agent/matroska/write.ts';
import {
  audioTrack,
  cluster,
  clusterOf,
  picture,
  type Recording,
  videoTrack,
} from '../../local-cloud/ingest-producer.ts';
import { createStream, h264, recordAs, upload, uploadRecording } from '../../local-cloud/stored-media.ts';
import type { Members } from './api-client.ts';

/** Five seconds, in five fragments. */
export const recordedSeconds = 5;

export type MediaPlace = {
  /** When the first fragment of each stream begins, by its producer: whole seconds, for clients that send no others. */
  startMs: number;
  /** `cam`'s fragments, in order. */
  numbers: readonly string[];
  foreignNumber: string;
  aStream(): Promise<{ StreamName: string; StreamARN: string }>;
  /** A new stream with the recording in it, the first of it so long ago as it lasts. */
  liveStream(): Promise<string>;
};

/** The streams, and what is in them. */
export async function fillStreams(
  url: string,
  startMs: number,
): Promise<Pick<MediaPlace, 'numbers' | 'foreignNumber' | 'liveStream'>> {
  const [recorded, silent, larger] = await Promise.all([
    recordAs(`${h264} -c:a aac`, recordedSeconds),
    recordAs(`${h264} -an`, 1),
    recordAs(`${h264} -an`, 1, '640x360'),
  ]);
  const recording = fromFirstPicture(recorded);
  for (const name of ['cam', 'empty', 'two-sizes', 'sound', 'undescribed', 'misdescribed', 'broken', 'vp9'])
    await createStream(url, name);
  await createStream(url, 'unkept', { retentionHours: 0 });
  const numbers = await uploadRecording(url, recording, startMs);
  await uploadRecording(url, silent, startMs, 'two-sizes');
  await uploadRecording(url, larger, startMs + 2000, 'two-sizes');
  const sound = picture(startMs, { trackNumber: audioTrack.number });
  await upload(url, [writeHeader([audioTrack]), clusterOf(startMs, [sound])], { stream: 'sound' });
  const [foreignNumber = ''] = await uploadWith(url, videoTrack.codecPrivate, startMs, 'undescribed');
  await uploadWith(url, Uint8Array.of(1, 0x42), startMs, 'misdescribed');
  await uploadWith(url, silent.tracks[0]?.codecPrivate, startMs, 'broken');
  await upload(url, [writeHeader([{ ...videoTrack, codecId: 'V_VP9' }]), cluster(startMs)], { stream: 'vp9' });
  let made = 0;
  return { numbers, foreignNumber, liveStream: () => makeLive(url, recording, `live-${made++}`) };
}

/** Encoders put some sound before the first picture. */
function fromFirstPicture({ tracks, frames }: Recording): Recording {
  const startMs = frames.find(({ trackNumber }) => trackNumber === tracks[0]?.number)?.timecodeMs ?? 0;
  const moved = frames.map(frame => ({ ...frame, timecodeMs: frame.timecodeMs - startMs }));
  return { tracks, frames: moved.filter(({ timecodeMs }) => timecodeMs >= 0) };
}

function uploadWith(url: string, codecPrivate: Uint8Array | undefined, atMs: number, stream: string) {
  const track = { ...videoTrack, ...(codecPrivate === undefined ? {} : { codecPrivate }) };
  return upload(url, [writeHeader([track]), cluster(atMs)], { stream });
}

async function makeLive(url: string, recording: Recording, stream: string): Promise<string> {
  await createStream(url, stream);
  await uploadRecording(url, recording, Date.now() - recordedSeconds * 1000, stream);
  return stream;
}

/** A selector of an operation that names it so, over all that is recorded unless told. */
export function selecting(
  member: string,
  startMs: number,
  { fromMs = startMs, toMs = startMs + 60_000, by = 'PRODUCER_TIMESTAMP' } = {},
): Members {
  const TimestampRange = { StartTimestamp: new Date(fromMs), EndTimestamp: new Date(toMs) };
  return { [member]: { FragmentSelectorType: by, TimestampRange } };
}

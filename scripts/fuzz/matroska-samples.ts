// Good Matroska to begin with: what the agent's writer makes, what ffmpeg makes for the agent, and the forms that neither
// of them uses but the reader knows.
import { execFileSync } from 'node:child_process';
import {
  concatBytes,
  element,
  floatElement,
  idBytes,
  stringElement,
  uintBytes,
  uintElement,
} from '../../agent/matroska/ebml.ts';
import { ids } from '../../agent/matroska/elements.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader, writeTags } from '../../agent/matroska/write.ts';
import { type Sample, sampleOf } from './mutate-elements.ts';

const clusterMs = 1_700_000_000_000;

/** Small files: the shorter an input, the more of them a minute. Throws when ffmpeg is missing. */
export function matroskaSamples(): Sample[] {
  return [written(), foreignForms(), ffmpegMade('libx264', ['-g', '3']), ffmpegMade('libx265', [])].map(sampleOf);
}

function written(): Uint8Array {
  const tracks: Track[] = [
    { type: 'video', number: 1, codecId: 'V_MPEG4/ISO/AVC', codecPrivate: noise(30), width: 640, height: 360 },
    { type: 'audio', number: 2, codecId: 'A_AAC', codecPrivate: noise(2), sampleRate: 48_000, channels: 1 },
  ];
  const fragments = [0, 1].flatMap(second => {
    const startMs = clusterMs + second * 1000;
    // Without the one packet of its sound a fragment is not whole.
    const frames = [1, 2, 1].map((trackNumber, index): Frame => {
      return { trackNumber, timecodeMs: startMs + index * 40, keyFrame: index < 2, data: noise(20 + 60 * index) };
    });
    const tags = writeTags([{ name: 'site', value: 'farm' }]);
    return [tags, writeClusterStart(startMs), ...frames.flatMap(frame => [frameHeader(frame, startMs), frame.data])];
  });
  const end = writeTags([{ name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' }]);
  return concatBytes([writeHeader(tracks), ...fragments, end]);
}

/** Known sizes, block groups, all three lacings, void, checksum, cues, a time scale and a track of subtitles. */
function foreignForms(): Uint8Array {
  const track = (number: number, type: number, ...more: Uint8Array[]) =>
    element(ids.trackEntry, uintElement(ids.trackNumber, number), uintElement(ids.trackType, type), ...more);
  const block = (flags: number, ...body: number[]) => Uint8Array.of(0x81, 0, 5, flags, ...body);
  return concatBytes([
    element(ids.ebml, stringElement(ids.docType, 'webm'), uintElement(ids.ebmlReadVersion, 1)),
    element(
      ids.segment,
      element(ids.void, new Uint8Array(20)),
      element(ids.info, uintElement(ids.timecodeScale, 500_000)),
      element(
        ids.tracks,
        track(1, 1, stringElement(ids.codecId, 'V_MPEG4/ISO/AVC'), uintElement(ids.defaultDuration, 40_000_000)),
        track(2, 2, stringElement(ids.codecId, 'A_AAC'), element(ids.audio, floatElement(ids.samplingFrequency, 8000))),
        track(3, 17, stringElement(ids.codecId, 'S_TEXT/UTF8')),
      ),
      element(
        ids.cluster,
        element(ids.crc32, new Uint8Array(4)),
        element(ids.timecode, uintBytes(1000, 2)),
        element(ids.simpleBlock, block(0x80, 1, 2, 3)),
        element(ids.simpleBlock, block(0x82, 2, 1, 2, 9, 8, 8, 7, 7, 7)),
        element(ids.simpleBlock, block(0x84, 1, 5, 5, 6, 6)),
        element(ids.simpleBlock, block(0x86, 2, 0x82, 0xc0, 1, 1, 2, 2, 2, 3)),
        element(ids.blockGroup, element(ids.block, block(0, 4, 4)), element(ids.referenceBlock, uintBytes(1, 1))),
      ),
      element(ids.cues, new Uint8Array(10)),
    ),
    idBytes(ids.segment),
    Uint8Array.of(0xff),
  ]);
}

function ffmpegMade(codec: string, encoder: string[]): Uint8Array {
  const args = [
    ...['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', 'testsrc=size=32x32:rate=25:duration=0.28'],
    ...['-f', 'lavfi', '-i', 'sine=sample_rate=8000:duration=0.28', '-c:a', 'aac'],
    ...['-c:v', codec, '-preset', 'ultrafast', '-bf', '0', '-pix_fmt', 'yuv420p', ...encoder],
    // The encoder's long message in each file would take most of the mutations.
    ...(codec === 'libx264' ? ['-bsf:v', 'filter_units=remove_types=6'] : ['-x265-params', 'log-level=none:info=0']),
    ...['-f', 'matroska', 'pipe:1'],
  ];
  return execFileSync('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

function noise(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 37 + bytes) & 0xff);
}

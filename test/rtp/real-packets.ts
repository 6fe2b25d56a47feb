// RTP as programs nobody here wrote pack it, ffmpeg and GStreamer's payloaders, and what they packed into it, as ffmpeg's
// Matroska holds it: the independent side of the tests.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import type { MediaFormat } from '../../agent/rtp/media-format.ts';
import { type RealStream, temporaryDirectory } from '../../scripts/fuzz/rtp-from-ffmpeg.ts';

/** What is packed into RTP, and must come out again. */
export type Original = { media: Uint8Array; track: Track; frames: Frame[] };

export function encode(...options: readonly string[]): Original {
  const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin'];
  const media = execFileSync('ffmpeg', [...quiet, ...options, '-f', 'matroska', 'pipe:1'], {
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { tracks, frames } = scanFragment(media);
  const [track] = tracks;
  if (!track) throw new Error('ffmpeg made no track');
  return { media, track, frames };
}

/** A file that GStreamer makes: for what ffmpeg does not encode in a form that RTP takes. */
export function recordedByGstreamer(source: string): Uint8Array {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'media.mkv');
  const record = [
    'import gi, sys; gi.require_version("Gst", "1.0"); from gi.repository import Gst; Gst.init(None)',
    'pipeline = Gst.parse_launch(sys.argv[1]); pipeline.set_state(Gst.State.PLAYING)',
    'pipeline.get_bus().timed_pop_filtered(20 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)',
    'pipeline.set_state(Gst.State.NULL)',
  ];
  const pipeline = `${source} ! matroskamux ! filesink location=${file}`;
  execFileSync('/usr/bin/python3', ['-c', record.join('\n'), pipeline]);
  return readFileSync(file);
}

/** A GStreamer payloader, with its properties: `rtph264pay mtu=1400`. */
export function packedByGstreamer(media: Uint8Array, payloader: string): RealStream {
  using directory = temporaryDirectory();
  const [from, to] = [join(directory.path, 'media.mkv'), join(directory.path, 'packets')];
  writeFileSync(from, media);
  const command = join(import.meta.dirname, 'pack-with-gstreamer.py');
  const caps = JSON.parse(execFileSync('/usr/bin/python3', [command, from, payloader, to], { encoding: 'utf8' }));
  const bytes = readFileSync(to);
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    packets.push(new Uint8Array(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at))));
  }
  const parameters = Object.entries(caps).map(([name, value]): [string, string] => [name.toLowerCase(), String(value)]);
  const format: MediaFormat = {
    type: caps.media,
    payloadType: caps.payload,
    encoding: caps['encoding-name'],
    clockRate: caps['clock-rate'],
    channels: Number(caps['encoding-params'] ?? 1),
    parameters: new Map(parameters),
  };
  return { format, packets, reports: [] };
}

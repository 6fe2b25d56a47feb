// RTP as programs nobody here wrote send it: ffmpeg to a socket of the test, GStreamer's payloaders to a file. And what
// was packed into it, as ffmpeg's Matroska holds it: the independent side of the tests.
import { execFileSync, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import type { MediaFormat } from '../../agent/rtp/media-format.ts';

export type RealStream = {
  format: MediaFormat;
  packets: Uint8Array[];
  /** RTCP; GStreamer's payloaders send none. */
  reports: Uint8Array[];
};

/** What is packed into RTP, and must come out again. */
export type Original = { media: Uint8Array; track: Track; frames: Frame[] };

const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin'];
/** Says that ffmpeg's last packet has arrived before it. */
const last = 'last';

export function encode(...options: readonly string[]): Original {
  const media = execFileSync('ffmpeg', [...quiet, ...options, '-f', 'matroska', 'pipe:1'], {
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { tracks, frames } = scanFragment(media);
  const [track] = tracks;
  if (!track) throw new Error('ffmpeg made no track');
  return { media, track, frames };
}

/** ffmpeg sends it to a socket on loopback, faster than it would be played. */
export async function sentByFfmpeg(media: Uint8Array, ...options: readonly string[]): Promise<RealStream> {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'media.mkv');
  writeFileSync(file, media);
  await using rtp = await boundSocket();
  await using rtcp = await boundSocket(rtp.socket.address().port + 1);
  const address = `rtp://127.0.0.1:${rtp.socket.address().port}`;
  const args = [...quiet, '-readrate', '8', '-i', file, '-c', 'copy', ...options, '-f', 'rtp', address];
  const ffmpeg = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [description, [code]] = await Promise.all([text(ffmpeg.stdout), once(ffmpeg, 'close')]);
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  return { format: formatOf(description), packets: await rtp.received(), reports: await rtcp.received() };
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

/** Payload types that need no description (RFC 3551). */
const staticEncodings: Record<string, [encoding: string, clockRate: string]> = {
  0: ['PCMU', '8000'],
  8: ['PCMA', '8000'],
  26: ['JPEG', '90000'],
};

/** Of a description with one media section. */
function formatOf(description: string): MediaFormat {
  const [, type = '', payloadType = ''] = /^m=(\w+) \d+ RTP\/AVP (\d+)/m.exec(description) ?? [];
  const [staticEncoding = '', staticRate = ''] = staticEncodings[payloadType] ?? [];
  const map = /^a=rtpmap:\d+ ([^/\s]+)\/(\d+)(?:\/(\d+))?/m.exec(description) ?? [];
  const [, encoding = staticEncoding, rate = staticRate, channels = '1'] = map;
  const [, list = ''] = /^a=fmtp:\d+ (.*)$/m.exec(description) ?? [];
  const parameters = list.split(';').map((entry): [string, string] => {
    const [name = '', ...value] = entry.trim().split('=');
    return [name.toLowerCase(), value.join('=')];
  });
  return {
    type: type === 'audio' ? 'audio' : 'video',
    payloadType: Number(payloadType),
    encoding: encoding.toUpperCase(),
    clockRate: Number(rate),
    channels: Number(channels),
    parameters: new Map(parameters),
  };
}

function temporaryDirectory(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'kvs-edge-rtp-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** A socket on loopback and everything that came to it. */
async function boundSocket(port = 0) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
  const datagrams: Uint8Array[] = [];
  socket.on('message', datagram => datagrams.push(new Uint8Array(datagram)));
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return {
    socket,
    async received(): Promise<Uint8Array[]> {
      const ended = Promise.withResolvers<void>();
      socket.on('message', datagram => {
        if (datagram.toString() === last) ended.resolve();
      });
      sendTo(socket, last);
      await ended.promise;
      return datagrams.slice(0, -1);
    },
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function sendTo(socket: Socket, datagram: string): void {
  socket.send(datagram, socket.address().port, '127.0.0.1');
}

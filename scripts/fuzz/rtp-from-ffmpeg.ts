// RTP as ffmpeg sends it to a socket on loopback, and its description of it: real packets, made here.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { MediaFormat } from '../../agent/rtp/media-format.ts';

export type RealStream = {
  format: MediaFormat;
  packets: Uint8Array[];
  /** RTCP. */
  reports: Uint8Array[];
};

export type SendOptions = {
  /** Largest packet. */
  packetBytes?: number;
  output?: readonly string[];
};

/** Says that ffmpeg's last packet has arrived before it. */
const last = 'last';
/** Payload types that need no description (RFC 3551). */
const staticEncodings: Record<string, [encoding: string, clockRate: string]> = {
  0: ['PCMU', '8000'],
  8: ['PCMA', '8000'],
  26: ['JPEG', '90000'],
};

/** ffmpeg packs the only stream of a Matroska file, and sends it faster than it would be played. */
export async function sentByFfmpeg(
  media: Uint8Array,
  { packetBytes = 1472, output = [] }: SendOptions = {},
): Promise<RealStream> {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'media.mkv');
  writeFileSync(file, media);
  await using rtp = await boundSocket();
  await using rtcp = await boundSocket();
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-readrate', '8', '-i', file, '-c', 'copy', ...output],
      ...['-f', 'rtp', `rtp://127.0.0.1:${rtp.port}?rtcpport=${rtcp.port}&pkt_size=${packetBytes}`],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [description, [code]] = await Promise.all([text(ffmpeg.stdout), once(ffmpeg, 'close')]);
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  return { format: formatOf(description), packets: await rtp.received(), reports: await rtcp.received() };
}

export function temporaryDirectory(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'kvs-edge-rtp-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

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

/** A socket on loopback and everything that came to it. */
async function boundSocket() {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
  const datagrams: Uint8Array[] = [];
  socket.on('message', datagram => datagrams.push(new Uint8Array(datagram)));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  return {
    port,
    async received(): Promise<Uint8Array[]> {
      const ended = Promise.withResolvers<void>();
      socket.on('message', datagram => {
        if (datagram.toString() === last) ended.resolve();
      });
      socket.send(last, port, '127.0.0.1');
      await ended.promise;
      return datagrams.slice(0, -1);
    },
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

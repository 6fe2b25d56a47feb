// A KVS producer for tests: signs with AWS's own signer, sends what it is told byte for byte, reads acknowledgements
// while its body is open.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { promisify } from 'node:util';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { MatroskaReader } from '../../agent/matroska/read.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../../agent/matroska/write.ts';
import { keys } from './control-cloud.ts';

export type WireAck = {
  EventType: string;
  FragmentTimecode?: number;
  FragmentNumber?: string;
  ErrorCode?: string;
  ErrorId?: number;
};

export type Producer = {
  request: ClientRequest;
  response: IncomingMessage;
  /** Sizes of the pieces the answer arrived in. */
  pieceBytes: number[];
  send(...pieces: Uint8Array[]): Promise<void>;
  /** The next acknowledgement; undefined when the answer is over. */
  next(): Promise<WireAck | undefined>;
  /** So many acknowledgements; fewer when the answer is over. One of what is stored comes before or after one of what arrives. */
  take(count: number): Promise<WireAck[]>;
  /** Acknowledgements up to and with the first of this type. */
  until(eventType: string): Promise<WireAck[]>;
  /** Ends the body; all acknowledgements that still come. */
  end(): Promise<WireAck[]>;
};

export type ProducerOptions = {
  stream?: string;
  atMs?: number;
  headers?: Record<string, string | undefined>;
  /** Exactly the headers to sign; left out: what AWS's signer chooses. */
  signed?: string[];
  /** Added after signing. */
  unsigned?: Record<string, string>;
  /** PEM: whom an https server's certificate is from. */
  ca?: string;
  /** Of connections that are used again. */
  agent?: Agent;
};

/** Sends the head of a PutMedia request. Resolves with its answer, whatever its status. */
export async function putMedia(url: string, options: ProducerOptions = {}): Promise<Producer> {
  const outgoing = await openRequest(url, options);
  outgoing.flushHeaders();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return producer(outgoing, response);
}

/** The signed request, before its head is sent. */
export async function openRequest(
  url: string,
  { stream = 'cam', atMs, headers, signed: names, unsigned, ca, agent }: ProducerOptions,
): Promise<ClientRequest> {
  const { hostname, port, host, protocol } = new URL(url);
  const signer = new SignatureV4({ credentials: keys, region: 'us-west-2', service: 'kinesisvideo', sha256: Sha256 });
  const wanted: Record<string, string | undefined> = {
    host,
    'x-amzn-stream-name': stream,
    'x-amzn-fragment-timecode-type': 'ABSOLUTE',
    'x-amzn-producer-start-timestamp': '1795420701.593',
    ...headers,
  };
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(wanted)) if (value !== undefined) sent[name] = value;
  const signed = await signer.sign(
    { method: 'POST', protocol, hostname, path: '/putMedia', query: {}, headers: sent },
    { signingDate: new Date(atMs ?? Date.now()), ...signableOnly(names) },
  );
  const outgoing = (protocol === 'https:' ? tlsRequest : request)({
    ...{ host: hostname, port, method: 'POST', path: '/putMedia', headers: { ...signed.headers, ...unsigned } },
    ...(ca === undefined ? {} : { ca }),
    ...(agent ? { agent } : {}),
  });
  outgoing.on('error', () => undefined); // seen as the end of the answer
  return outgoing;
}

/** The signer leaves some headers out unless they are named, and leaves none out that is not named to be left out. */
function signableOnly(names: string[] | undefined): { signableHeaders?: Set<string>; unsignableHeaders?: Set<string> } {
  if (!names) return {};
  return { signableHeaders: new Set(names), unsignableHeaders: new Set(['x-amz-content-sha256']) };
}

function producer(outgoing: ClientRequest, response: IncomingMessage): Producer {
  const pieceBytes: number[] = [];
  const lines = ackLines(response, pieceBytes);
  const closed = once(outgoing, 'close').catch(() => undefined);
  const next = async () => {
    const { value, done } = await lines.next();
    return done ? undefined : value;
  };
  return {
    request: outgoing,
    response,
    pieceBytes,
    async send(...pieces) {
      const written = outgoing.write(Buffer.concat(pieces));
      if (!written) await Promise.race([once(outgoing, 'drain'), closed]);
    },
    next,
    async take(count) {
      const acks: WireAck[] = [];
      while (acks.length < count) {
        const ack = await next();
        if (!ack) break;
        acks.push(ack);
      }
      return acks;
    },
    async until(eventType) {
      const acks: WireAck[] = [];
      for (let ack = await next(); ack; ack = await next()) {
        acks.push(ack);
        if (ack.EventType === eventType) return acks;
      }
      throw new Error(`the answer ended before ${eventType}: ${JSON.stringify(acks)}`);
    },
    async end() {
      outgoing.end();
      const acks: WireAck[] = [];
      for await (const ack of lines) acks.push(ack);
      return acks;
    },
  };
}

async function* ackLines(response: IncomingMessage, pieceBytes: number[]): AsyncGenerator<WireAck, undefined> {
  let text = '';
  try {
    for await (const chunk of response) {
      pieceBytes.push(chunk.length);
      text += chunk;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        yield JSON.parse(text.slice(0, end));
        text = text.slice(end + 1);
      }
    }
  } catch {
    // The connection broke: there are no more acknowledgements.
  }
  return undefined;
}

export const videoTrack: Track = {
  type: 'video',
  number: 1,
  codecId: 'V_MPEG4/ISO/AVC',
  codecPrivate: Uint8Array.of(1, 0x42, 0xc0, 0x1e, 0xff, 0xe0, 0),
  width: 640,
  height: 360,
};

export const audioTrack: Track = {
  type: 'audio',
  number: 2,
  codecId: 'A_AAC',
  codecPrivate: Uint8Array.of(0x12, 0x10),
  sampleRate: 44_100,
  channels: 2,
};

export const startMs = 1_795_420_701_000;

/** A cluster of `frames` pictures, 100 ms apart, the first a key frame. */
export function cluster(timecodeMs: number, frames = 5): Uint8Array {
  return clusterOf(
    timecodeMs,
    Array.from({ length: frames }, (_, index) => picture(timecodeMs + index * 100, { keyFrame: index === 0 })),
  );
}

export function clusterOf(timecodeMs: number, frames: readonly Frame[]): Uint8Array {
  const blocks = frames.flatMap(frame => [frameHeader(frame, timecodeMs), frame.data]);
  return Buffer.concat([writeClusterStart(timecodeMs), ...blocks]);
}

export function picture(timecodeMs: number, frame: Partial<Frame> = {}): Frame {
  return { trackNumber: 1, timecodeMs, keyFrame: true, data: new Uint8Array(200).fill(7), ...frame };
}

export type Recording = { tracks: Track[]; frames: Frame[] };

/** Real H.264 and AAC without B-frames, a key frame every second; times from 0. */
export async function record(seconds: number): Promise<Recording> {
  const inputs = [
    ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${seconds}`],
    ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=44100:duration=${seconds}`],
  ].flat();
  const codecs = '-c:v libx264 -preset ultrafast -bf 0 -g 25 -pix_fmt yuv420p -c:a aac -b:a 48k'.split(' ');
  const { stdout } = await promisify(execFile)('ffmpeg', ['-v', 'error', ...inputs, ...codecs, '-f', 'matroska', '-'], {
    encoding: 'buffer',
    maxBuffer: 2 ** 28,
  });
  const recording: Recording = { tracks: [], frames: [] };
  for (const event of new MatroskaReader().push(stdout)) {
    if (event.type === 'tracks') recording.tracks = event.tracks;
    else if (event.type === 'frame') recording.frames.push(event.frame);
  }
  return recording;
}

/** Cut at its key frames and moved in time, as KVS wants it: a header, then one cluster a fragment. */
export function fragments({ tracks, frames }: Recording, atMs: number): { header: Uint8Array; clusters: Uint8Array[] } {
  const video = tracks.find(({ type }) => type === 'video')?.number;
  const groups: Frame[][] = [];
  for (const frame of frames) {
    const moved = { ...frame, timecodeMs: frame.timecodeMs + atMs };
    if (frame.trackNumber === video && frame.keyFrame) groups.push([moved]);
    else groups.at(-1)?.push(moved);
  }
  const clusters: Uint8Array[] = [];
  let previousLastMs = -Infinity;
  for (const group of groups) {
    // Sound that began before the picture it was muxed after belongs to the fragment before; drop the overlap.
    const kept = group.filter(frame => frame.timecodeMs > previousLastMs);
    const cut = kept[0]?.timecodeMs ?? atMs;
    clusters.push(
      clusterOf(
        cut,
        kept.filter(frame => frame.timecodeMs >= cut),
      ),
    );
    previousLastMs = Math.max(...kept.map(frame => frame.timecodeMs));
  }
  return { header: writeHeader(tracks), clusters };
}

export type Probe = { videoFrames: number; audioFrames: number; keyFrameFirst: boolean; errors: string };

/** What ffprobe decodes from a file. */
export async function probe(path: string): Promise<Probe> {
  const { stdout, stderr } = await promisify(execFile)('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'frame=media_type,key_frame',
    '-of',
    'csv=p=0',
    path,
  ]);
  const rows = stdout.split('\n').filter(row => row.startsWith('video') || row.startsWith('audio'));
  const video = rows.filter(row => row.startsWith('video'));
  return {
    videoFrames: video.length,
    audioFrames: rows.length - video.length,
    keyFrameFirst: video[0]?.startsWith('video,1') ?? false,
    errors: stderr,
  };
}

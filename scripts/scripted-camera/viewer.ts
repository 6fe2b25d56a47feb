// One client's way: interleaved in its RTSP connection, or from a pair of UDP ports for each stream.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type Burst, frameHeader, onChannel, packetsOf } from './burst.ts';

/** 0 is the picture, 1 the sound. */
export type StreamNumber = 0 | 1;

export type Viewer = {
  /** False when the client takes nothing in any more and the burst was left out, as cameras do. */
  send(stream: StreamNumber, burst: Burst): boolean;
  sendReport(stream: StreamNumber, packet: Buffer): void;
  /** Bytes between two bursts. Nothing over UDP. */
  sendBetween(bytes: Buffer): void;
  close(): void;
};

/** A client that is this far behind does not follow any more. */
const backlogBytes = 16_000_000;

export type Channels = { rtp: number; rtcp: number };

export class TcpViewer implements Viewer {
  readonly channels = new Map<StreamNumber, Channels>();
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(stream: StreamNumber, burst: Burst): boolean {
    const channels = this.channels.get(stream);
    if (!channels) return true;
    if (this.#socket.writableLength > backlogBytes) return false;
    this.#socket.write(onChannel(burst, channels.rtp));
    return true;
  }

  sendReport(stream: StreamNumber, packet: Buffer): void {
    const channels = this.channels.get(stream);
    if (channels) this.#socket.write(Buffer.concat([frameHeader(channels.rtcp, packet.length), packet]));
  }

  sendBetween(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {}
}

export type UdpPorts = { rtp: number; rtcp: number };
type UdpWay = { rtp: UdpSocket; rtcp: UdpSocket; client: UdpPorts };

export class UdpViewer implements Viewer {
  readonly #host: string;
  readonly #listenOn: string;
  readonly #ways = new Map<StreamNumber, UdpWay>();

  constructor(host: string, listenOn: string) {
    this.#host = host;
    this.#listenOn = listenOn;
  }

  /** Opens a pair of ports of the camera's; resolves to them. */
  async open(stream: StreamNumber, client: UdpPorts): Promise<UdpPorts> {
    const [rtp, rtcp] = await portPair(this.#listenOn);
    // A client that is gone answers with ICMP, which is no news.
    for (const socket of [rtp, rtcp]) socket.on('error', () => undefined);
    this.#ways.set(stream, { rtp, rtcp, client });
    return { rtp: rtp.address().port, rtcp: rtcp.address().port };
  }

  send(stream: StreamNumber, burst: Burst): boolean {
    const way = this.#ways.get(stream);
    if (way) for (const packet of packetsOf(burst)) way.rtp.send(packet, way.client.rtp, this.#host);
    return true;
  }

  sendReport(stream: StreamNumber, packet: Buffer): void {
    const way = this.#ways.get(stream);
    if (way) way.rtcp.send(packet, way.client.rtcp, this.#host);
  }

  sendBetween(): void {}

  close(): void {
    for (const { rtp, rtcp } of this.#ways.values()) for (const socket of [rtp, rtcp]) socket.close();
    this.#ways.clear();
  }
}

const portTries = 50;

/** An even port and the one behind it, which many clients take for granted. */
async function portPair(host: string): Promise<[UdpSocket, UdpSocket]> {
  for (let tried = 0; tried < portTries; tried++) {
    const first = await bound(host, 0);
    const { port } = first.address();
    const second = port % 2 === 0 ? await bound(host, port + 1).catch(() => undefined) : undefined;
    if (second) return [first, second];
    first.close();
  }
  throw new Error('There is no free pair of UDP ports');
}

async function bound(host: string, port: number): Promise<UdpSocket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(port, host);
  try {
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

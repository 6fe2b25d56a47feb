// Two UDP ports for one track, RTP on the even one and RTCP on the next (RFC 3550 11). Only what comes from the camera's
// own address is taken.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

export type UdpPortsOptions = {
  /** Where the camera is, and our side of the connection to it. */
  remoteAddress: string;
  localAddress: string;
  onRtp: (data: Uint8Array) => void;
  onRtcp: (data: Uint8Array) => void;
};

const firstPort = 20_000;
const portPairs = 20_000;
const attempts = 20;
/** A key frame of 4K comes as hundreds of packets at once; Linux grants what net.core.rmem_max allows. */
const receiveBufferBytes = 2_097_152;

export class UdpPorts implements Disposable {
  readonly rtpPort: number;
  readonly #remoteAddress: string;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  #serverPorts: [number, number] | undefined;

  private constructor({ remoteAddress }: UdpPortsOptions, rtp: Socket, rtcp: Socket) {
    this.#remoteAddress = remoteAddress;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.rtpPort = rtp.address().port;
  }

  /** Rejects with the system's error when twenty pairs in a row were taken. `random`: 0 ≤ value < 1. */
  static async bind(options: UdpPortsOptions, random: () => number): Promise<UdpPorts> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await UdpPorts.#bindAt(firstPort + 2 * Math.floor(random() * portPairs), options);
      } catch (error) {
        if (attempt === attempts) throw error;
      }
    }
  }

  static async #bindAt(port: number, options: UdpPortsOptions): Promise<UdpPorts> {
    const rtp = await bound(port, options, options.onRtp);
    try {
      return new UdpPorts(options, rtp, await bound(port + 1, options, options.onRtcp));
    } catch (error) {
      rtp.close();
      throw error;
    }
  }

  /** Opens the way for the camera's packets through firewalls between it and us: what they let out, they let answers in for. */
  open(serverPorts: [number, number]): void {
    this.#serverPorts = serverPorts;
    // An RTP packet without payload and an empty receiver report, as players send them.
    this.#send(this.#rtp, Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), serverPorts[0]);
    this.#send(this.#rtcp, Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 0), serverPorts[1]);
  }

  sendRtcp(data: Uint8Array): void {
    if (this.#serverPorts) this.#send(this.#rtcp, data, this.#serverPorts[1]);
  }

  #send(socket: Socket, data: Uint8Array, port: number): void {
    // What does not arrive is not missed: the next report comes soon.
    socket.send(data, port, this.#remoteAddress, () => undefined);
  }

  [Symbol.dispose](): void {
    this.#rtp.close();
    this.#rtcp.close();
  }
}

async function bound(port: number, options: UdpPortsOptions, onData: (data: Uint8Array) => void): Promise<Socket> {
  const { remoteAddress, localAddress } = options;
  const socket = createSocket({ type: isIPv6(remoteAddress) ? 'udp6' : 'udp4', recvBufferSize: receiveBufferBytes });
  try {
    socket.bind(port, localAddress);
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('message', (data, { address }) => {
    if (address === remoteAddress) onData(new Uint8Array(data.buffer, data.byteOffset, data.length));
  });
  // A port that the camera closed answers with an ICMP error; the stream's own silence tells what is to be told.
  socket.on('error', () => undefined);
  return socket;
}

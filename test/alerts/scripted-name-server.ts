// A DNS server on loopback that answers each question for an IPv4 address with the next entry of its script, its last one
// for ever. It knows no IPv6 addresses. `lookup` asks it, by Node's own resolver, as the system's would be asked.

import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { once } from 'node:events';
import type { LookupFunction } from 'node:net';
import { onTestFinished } from 'vitest';

const questionOfA = 1;

export type NameServer = { lookup: LookupFunction; asked: () => number };

export async function scriptedNameServer(script: readonly (readonly string[])[]): Promise<NameServer> {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (query, { port, address }) => {
    const nameEnd = query.indexOf(0, 12);
    const isForA = query.readUInt16BE(nameEnd + 1) === questionOfA;
    const addresses = isForA ? (script[Math.min(asked++, script.length - 1)] ?? []) : [];
    socket.send(answer(query.subarray(0, nameEnd + 5), addresses), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  const resolver = new Resolver({ timeout: 60_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  const lookup: LookupFunction = (hostname, _options, callback) =>
    resolver.resolve4(hostname, (error, addresses = []) =>
      callback(
        error?.code === 'ENODATA' ? null : error,
        addresses.map(address => ({ address, family: 4 })),
      ),
    );
  return { lookup, asked: () => asked };
}

/** Header and question as they came, then the addresses, to be asked for again at once. */
function answer(question: Buffer, addresses: readonly string[]): Buffer {
  const header = Buffer.from(question);
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt32BE(0, 8);
  const records = addresses.map(address => {
    const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
    for (const [at, byte] of address.split('.').entries()) record[12 + at] = Number(byte);
    return record;
  });
  return Buffer.concat([header, ...records]);
}

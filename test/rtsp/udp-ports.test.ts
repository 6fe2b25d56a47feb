// The two UDP ports of a track: a pair that is taken is passed over, and only the camera is listened to.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { UdpPorts } from '../../agent/rtsp/udp-ports.ts';
import { ownAddress } from '../discovery/own-addresses.ts';

const camera = { remoteAddress: '127.0.0.1', localAddress: '127.0.0.1' };
/** An address at which no other test takes a port that was free a moment ago. */
const alone = { remoteAddress: ownAddress(1), localAddress: ownAddress(1) };
const nobody = { onRtp: () => undefined, onRtcp: () => undefined };

test.each([0, 1])('a pair whose port %i is taken is passed over, and nothing of it is kept', async which => {
  const first = await UdpPorts.bind({ ...alone, ...nobody }, Math.random);
  const port = first.rtpPort;
  first[Symbol.dispose]();
  const taken = createSocket('udp4').bind(port + which, alone.localAddress);
  await once(taken, 'listening');
  const wanted = (port - 20_000) / 2 / 20_000;
  const numbers = [wanted + 1e-9, (wanted + 0.5) % 1];
  using second = await UdpPorts.bind({ ...alone, ...nobody }, () => numbers.shift() ?? 0);
  expect(second.rtpPort).not.toBe(port);
  expect(numbers).toEqual([]);
  const other = createSocket('udp4').bind(port + 1 - which, alone.localAddress);
  await once(other, 'listening');
  taken.close();
  other.close();
});

test('datagrams of another address are not the camera’s', async () => {
  const heard: string[] = [];
  const onRtp = (data: Uint8Array) => heard.push(Buffer.from(data).toString());
  using ports = await UdpPorts.bind({ ...camera, ...nobody, onRtp }, Math.random);
  const stranger = createSocket('udp4').bind(0, '127.0.0.2');
  const ours = createSocket('udp4').bind(0, '127.0.0.1');
  await Promise.all([once(stranger, 'listening'), once(ours, 'listening')]);
  stranger.send('not this', ports.rtpPort, '127.0.0.1');
  ours.send('this', ports.rtpPort, '127.0.0.1');
  await expect.poll(() => heard).toEqual(['this']);
  stranger.close();
  ours.close();
});

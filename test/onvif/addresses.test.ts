import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type CameraAddress,
  onCamera,
  readAddress,
  streamOnCamera,
  webPort,
} from '../../agent/onvif/http/camera-address.ts';
import { open } from './open.ts';
import { information } from './soap-fixtures.ts';

const camera: CameraAddress = {
  host: 'cam.lan',
  ip: '10.1.2.3',
  port: 8000,
  secure: false,
  path: '/onvif/device_service',
};
const service = '/onvif/device_service';

test.each([
  ['10.1.2.3', { host: '10.1.2.3', port: 80, secure: false, path: service }],
  ['cam.lan:8899', { host: 'cam.lan', port: 8899, secure: false, path: service }],
  ['https://cam.lan', { host: 'cam.lan', port: 443, secure: true, path: service }],
  [
    'http://10.1.2.3:2020/onvif/service?a=1',
    { host: '10.1.2.3', port: 2020, secure: false, path: '/onvif/service?a=1' },
  ],
  ['fe80::1', { host: 'fe80::1', port: 80, secure: false, path: service }],
  ['[fe80::1]:8080', { host: 'fe80::1', port: 8080, secure: false, path: service }],
  [
    { host: 'fe80::1', port: 81 },
    { host: 'fe80::1', port: 81, secure: false, path: service },
  ],
  [{ host: 'cam.lan' }, { host: 'cam.lan', port: 80, secure: false, path: service }],
])('an owner may write %j', (written, read) => {
  expect(readAddress(written)).toEqual(read);
});

describe('what a device names is asked for on the device itself', () => {
  test.each([
    {
      named: 'http://10.1.2.3/onvif/media',
      place: { port: 8000, path: '/onvif/media' },
      why: 'a port that was forgotten',
    },
    { named: 'http://10.1.2.3:80/onvif/media', place: { port: 80, path: '/onvif/media' }, why: 'a port of its own' },
    { named: 'http://CAM.LAN:81/m?x=1', place: { port: 81, path: '/m?x=1' }, why: 'its name' },
    { named: 'http://192.168.0.9:81/m', place: { port: 8000, path: '/m' }, why: 'the address behind a router' },
    { named: 'https://10.1.2.3/m', place: { port: 8000, path: '/m' }, why: 'another scheme' },
    { named: '/m', place: { port: 8000, path: '/m' }, why: 'only a path' },
  ])('$named: $why', ({ named, place }) => {
    expect(onCamera(named, camera)).toEqual(place);
  });

  test('pictures are on the port of web pages when none is written', () => {
    expect(onCamera('http://10.1.2.3/snap.jpg', camera, webPort(camera))).toEqual({ port: 80, path: '/snap.jpg' });
  });

  test('streams keep their own port, in front of IPv6 too', () => {
    const far = { ...camera, host: 'fe80::2', ip: 'fe80::2' };
    expect(streamOnCamera('rtsp://192.168.1.9:8554/a?b=c', far)).toEqual({
      url: 'rtsp://[fe80::2]:8554/a?b=c',
      insteadOf: '192.168.1.9',
    });
    expect(streamOnCamera('rtsp://[FE80::2]/a', far)).toEqual({ url: 'rtsp://[fe80::2]/a' });
  });
});

test('a camera is reached by IPv6', async () => {
  const hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host);
    response.writeHead(200, { 'content-type': 'application/soap+xml' }).end(information);
  });
  await new Promise<void>(resolve => server.listen(0, '::1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect(await (await open({ address: `[::1]:${port}` })).information()).toMatchObject({ model: 'Dome 4K' });
  expect(new Set(hosts)).toEqual(new Set([`[::1]:${port}`]));
});

import { expect, test } from 'vitest';
import { deviceCertificate } from './device-certificate.ts';
import { open, problemOf } from './open.ts';
import { scriptedDevice } from './scripted-device.ts';

const { fingerprint, ...tls } = deviceCertificate();
const other = deviceCertificate();

test('a certificate nobody vouches for is refused before anything is sent, and its fingerprint is told', async () => {
  const device = await scriptedDevice({ tls });
  const problem = await problemOf(open(device, { username: 'admin', password: 'canary' }));
  expect(problem).toMatchObject({ code: 'camera-certificate', kind: 'denied', retry: 'never' });
  expect(String(problem)).toContain(fingerprint);
  expect(device.asked).toEqual([]);
});

test.each([
  { name: 'as it was told', written: fingerprint },
  { name: 'in small letters without colons', written: fingerprint.replaceAll(':', '').toLowerCase() },
])('a confirmed fingerprint, written $name, lets the camera in', async ({ written }) => {
  const user = { username: 'admin', password: 'p@ss:w/rd#%&+ü "\'' };
  for (const wants of ['ws-security', 'digest', 'basic'] as const) {
    const device = await scriptedDevice({ tls, wants, user });
    const camera = await open(device, { ...user, tlsFingerprint: written });
    expect(await camera.information()).toMatchObject({ model: 'Dome 4K' });
  }
});

test('another certificate than the confirmed one is refused before anything is sent', async () => {
  const device = await scriptedDevice({ tls: other });
  const problem = await problemOf(open(device, { tlsFingerprint: fingerprint }));
  expect(problem).toMatchObject({ code: 'camera-certificate' });
  expect(String(problem)).toContain(other.fingerprint);
  expect(String(problem)).toContain('another certificate');
  expect(device.asked).toEqual([]);
});

test('http where https is asked for is told, and the other way round', async () => {
  const plain = await scriptedDevice();
  const secure = await scriptedDevice({ tls });
  expect(await problemOf(open({ address: `https://127.0.0.1:${plain.port}` }))).toMatchObject({
    code: 'camera-no-onvif',
  });
  const problem = await problemOf(open({ address: `http://127.0.0.1:${secure.port}` }));
  expect(problem).toMatchObject({ name: 'AgentError', kind: expect.stringMatching(/invalid|unavailable/) });
});

// In a file of its own: what this process trusts is changed for good.
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { deviceCertificate } from './device-certificate.ts';
import { open, problemOf } from './open.ts';
import { scriptedDevice } from './scripted-device.ts';

const known = deviceCertificate();
const ofAnother = deviceCertificate('DNS:elsewhere.example');
setDefaultCACertificates([...getCACertificates('default'), known.cert, ofAnother.cert]);

test('a certificate this machine trusts needs no fingerprint', async () => {
  const camera = await open(await scriptedDevice({ tls: known }));
  expect(await camera.information()).toMatchObject({ model: 'Dome 4K' });
});

test('a trusted certificate of somebody else does not', async () => {
  const device = await scriptedDevice({ tls: ofAnother });
  expect(await problemOf(open(device))).toMatchObject({ code: 'camera-certificate' });
  expect(device.asked).toEqual([]);
});

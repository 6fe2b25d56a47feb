import { describe, expect, test } from 'vitest';
import { open } from './open.ts';
import { scriptedDevice } from './scripted-device.ts';
import * as fixtures from './soap-fixtures.ts';

const user = { username: 'admin', password: 'p@ss:w/rd#%&+ü "\'<>' };

describe('what a camera says of itself', () => {
  test('maker, model, firmware and serial number', async () => {
    const camera = await open(await scriptedDevice());
    expect(await camera.information()).toEqual({
      manufacturer: 'Acme & Sons',
      model: 'Dome 4K',
      firmware: 'V5.7.1 build 2026',
      serial: 'A1B2C3',
      hardware: '88',
    });
  });

  test('profiles of Media1, with main and sub stream of one lens', async () => {
    const camera = await open(await scriptedDevice({ wants: 'ws-security', user }), user);
    expect(await camera.profiles()).toEqual([
      {
        token: 'Profile_1',
        name: 'mainStream',
        media: 'media1',
        role: 'main',
        videoSourceToken: 'vs0',
        audioCodec: 'G711',
        video: {
          token: 'enc_main',
          codec: 'h264',
          width: 1920,
          height: 1080,
          fps: 25,
          bitrateKbps: 4096,
          gopLength: 50,
          quality: 4.5,
          profile: 'High',
        },
      },
      {
        token: 'Profile_2',
        name: 'subStream',
        media: 'media1',
        role: 'sub',
        videoSourceToken: 'vs0',
        video: { token: 'enc_sub', codec: 'mjpeg', width: 640, height: 360, quality: 3 },
      },
      { token: 'Profile_3', name: 'audio only', media: 'media1', role: 'other' },
    ]);
  });
});

test('with Media2 the profiles tell of H.265', async () => {
  const device = await scriptedDevice({
    answers: {
      GetServices: fixtures.services({ media1: 'http://127.0.0.1/one', media2: 'http://127.0.0.1/two' }),
      GetProfiles: fixtures.profiles2,
      GetStreamUri: fixtures.streamUri2('rtsp://127.0.0.1:554/live?a=1&amp;b=2'),
    },
  });
  const camera = await open(device);
  expect(await camera.profiles()).toMatchObject([
    {
      token: 'T1',
      name: 'Haupt–Strom',
      media: 'media2',
      video: { codec: 'h265', fps: 12.5, gopLength: 40, profile: 'Main' },
    },
  ]);
  expect(await camera.streamUri('T1')).toEqual({ url: 'rtsp://127.0.0.1:554/live?a=1&b=2' });
  expect(device.asked.at(-1)?.path).toBe('/two');
});

import { expect, test } from 'vitest';
import { open, problemOf } from './open.ts';
import { scriptedDevice } from './scripted-device.ts';
import * as fixtures from './soap-fixtures.ts';

const set = (operation: string) => fixtures.soap(`<trt:${operation}Response/>`);
const changed1 = fixtures.mainEncoder1.replace('<tt:GovLength>50', '<tt:GovLength>25').replace('4096', '2048');

test('an encoder of Media1 keeps everything but what was asked for', async () => {
  const answers = {
    GetVideoEncoderConfiguration: [fixtures.encoder1(), fixtures.encoder1(changed1)],
    SetVideoEncoderConfiguration: set('SetVideoEncoderConfiguration'),
  };
  const device = await scriptedDevice({ answers });
  const { before, after } = await (await open(device)).setEncoder('Profile_1', { gopLength: 25, bitrateKbps: 2048 });
  expect(before).toMatchObject({ gopLength: 50, bitrateKbps: 4096, fps: 25, profile: 'High' });
  expect(after).toEqual({ ...before, gopLength: 25, bitrateKbps: 2048 });
  const sent = device.asked.find(({ operation }) => operation === 'SetVideoEncoderConfiguration')?.body ?? '';
  const inside = /<set:Configuration [^>]*>(.*)<\/set:Configuration>/.exec(sent)?.[1];
  expect(inside).toBe(changed1);
  expect(sent).toContain('token="enc_main"');
  expect(sent).toContain('xmlns:tt="http://www.onvif.org/ver10/schema"');
  expect(sent).toContain('<trt:ForcePersistence>true</trt:ForcePersistence>');
});

test('an encoder of Media2 has its key frames and profile in attributes', async () => {
  const answers = {
    GetServices: fixtures.services({ media2: 'http://127.0.0.1/two' }),
    GetProfiles: fixtures.profiles2,
    GetVideoEncoderConfigurations: [
      fixtures.encoder2(),
      fixtures.encoder2(fixtures.mainEncoder2, 'GovLength="13" Profile="High"'),
    ],
    SetVideoEncoderConfiguration: set('SetVideoEncoderConfiguration'),
  };
  const device = await scriptedDevice({ answers });
  const changes = { gopLength: 12, fps: 10, h264Profile: 'High' } as const;
  const { before, after } = await (await open(device)).setEncoder('T1', changes);
  expect(before).toMatchObject({ codec: 'h265', gopLength: 40, fps: 12.5 });
  // What the camera made of it, not what was asked for.
  expect(after).toMatchObject({ gopLength: 13, fps: 12.5, profile: 'High' });
  const sent = device.asked.find(({ operation }) => operation === 'SetVideoEncoderConfiguration')?.body ?? '';
  expect(sent).toMatch(/<set:Configuration [^>]*token="enc_main" GovLength="12" Profile="High"/);
  expect(sent).toContain('<tt:FrameRateLimit>10</tt:FrameRateLimit>');
  expect(sent).toContain('<tt:RateControl ConstantBitRate="true">');
});

test('what the camera does not tell cannot be changed, and nothing is sent', async () => {
  const answers = { GetVideoEncoderConfiguration: fixtures.encoder1('<tt:Encoding>H264</tt:Encoding>') };
  const device = await scriptedDevice({ answers });
  const problem = await problemOf((await open(device)).setEncoder('Profile_1', { gopLength: 25 }));
  expect(problem).toMatchObject({
    code: 'camera-no-onvif',
    message: expect.stringContaining('changes of this setting'),
  });
  expect(device.operations()).not.toContain('SetVideoEncoderConfiguration');
});

test('a camera that refuses the change says so; a profile without video, or none, has no encoder', async () => {
  const answers = {
    GetVideoEncoderConfiguration: fixtures.encoder1(),
    SetVideoEncoderConfiguration: fixtures.fault('ter:ConfigModify'),
  };
  const camera = await open(await scriptedDevice({ answers }));
  expect(await problemOf(camera.setEncoder('Profile_1', { fps: 500 }))).toMatchObject({ code: 'camera-failed' });
  expect(await problemOf(camera.setEncoder('Profile_3', { fps: 5 }))).toMatchObject({ code: 'camera-no-onvif' });
  expect(await problemOf(camera.setEncoder('none', { fps: 5 }))).toMatchObject({ code: 'camera-no-onvif' });
});

// Who is let in: keys, clocks and certificates, as the AWS CLI, boto3 and the SDK for JavaScript have them; and many at once.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KinesisVideoClient, ListStreamsCommand } from '@aws-sdk/client-kinesis-video';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Clock, systemClock } from '../../../agent/clock.ts';
import { readCertificate } from '../../../agent/local-cloud/certificate.ts';
import { detectionMs } from '../../../agent/local-cloud/rekognition/detector.ts';
import { keys, manualClock, type TestCloud, testCloud } from '../../local-cloud/control-cloud.ts';
import { jpegOfManyScans } from '../../local-cloud/jpeg-of-many-scans.ts';
import { makeCertificate } from '../../local-cloud/own-certificate.ts';
import { cell } from '../cell.ts';
import { type Access, clientNames, type Outcome } from './api-client.ts';
import { type ControlPlace, controlPlace } from './control-place.ts';
import { everyClient } from './every-client.ts';
import { expectAnswer, expectRefusal, libraries, type Refusal } from './scenario.ts';

const skewMs = 6 * 60_000;
let folder: string;
let plain: TestCloud;
let ahead: TestCloud;
let secure: TestCloud;
let access: Access;
let place: ControlPlace;
let certificate: string;
const client = everyClient();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conformance-access-'));
  plain = await testCloud();
  ahead = await testCloud({ clock: { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs } });
  const files = makeCertificate(folder);
  certificate = files.certificate;
  secure = await testCloud({ tls: await readCertificate(certificate, files.key) });
  access = { endpoint: plain.cloud.url, ...keys };
  place = controlPlace('access', client('SDK for JavaScript'), access);
});
afterAll(async () => {
  for (const running of [plain, ahead, secure]) {
    expect(running.problems).toEqual([]);
    await running[Symbol.asyncDispose]();
  }
  await rm(folder, { recursive: true });
});

/** Operations of every service. They are asked for a stream that is there. */
const signed = [
  ['ListStreams', {}],
  ['GetMedia', { StartSelector: { StartSelectorType: 'EARLIEST' } }],
  ['ListFragments', {}],
  ['DetectLabels', { Image: { Bytes: new Uint8Array(100) } }],
] as const;

const strangers: [string, Partial<Access>, Refusal][] = [
  ['a key it does not know', { accessKeyId: 'other' }, ['UnrecognizedClientException', 403]],
  ['another secret', { secretAccessKey: 'wrong' }, ['InvalidSignatureException', 403]],
];

for (const [what, difference, refusal] of strangers)
  for (const [operation, input] of signed)
    for (const name of operation === 'ListStreams' ? clientNames : libraries)
      cell({ operation, client: name }, what, async () => {
        const outcome = await client(name).call(operation, input, { ...access, ...difference });
        expectRefusal(outcome, refusal);
        expect(outcome.problems).toEqual([]);
      });

for (const name of ['AWS CLI', 'boto3'] as const)
  cell({ operation: 'ListStreams', client: name }, 'no signature', async () => {
    const outcome = await client(name).call('ListStreams', {}, { ...access, accessKeyId: '' });
    expectRefusal(outcome, ['MissingAuthenticationTokenException', 403]);
    expect(outcome.problems).toEqual([]);
  });

for (const name of clientNames) {
  cell(
    { operation: 'CreateStream', client: name },
    'temporary credentials: the token is signed, and not looked at',
    async () => {
      const temporary = { ...access, sessionToken: `${'token/+='.repeat(60)}` };
      const input = { StreamName: place.newName() };
      expect(expectAnswer(await client(name).call('CreateStream', input, temporary)).answer).toMatchObject({
        StreamARN: expect.stringContaining(input.StreamName),
      });
    },
  );

  cell({ operation: 'ListStreams', client: name }, 'a clock six minutes behind', async () => {
    const outcome = await client(name).call('ListStreams', {}, { ...access, endpoint: ahead.cloud.url });
    expectRefusal(outcome, ['InvalidSignatureException', 403]);
    expect(outcome).toMatchObject({ message: expect.stringMatching(/^Signature expired: .*[cC]lock/), problems: [] });
  });

  cell({ operation: 'GetDataEndpoint', client: name }, 'https, with the certificate of its authority', async () => {
    const trusting = { ...access, endpoint: secure.cloud.url, verify: certificate };
    const StreamName = `over-tls-${clientNames.indexOf(name)}`;
    expectAnswer(await client('SDK for JavaScript').call('CreateStream', { StreamName }, trusting));
    const outcome = await client(name).call('GetDataEndpoint', { StreamName, APIName: 'GET_CLIP' }, trusting);
    expect(expectAnswer(outcome).answer).toEqual({ DataEndpoint: secure.cloud.url });
  });

  cell({ operation: 'ListStreams', client: name }, 'no call to https without the certificate', async () => {
    const outcome = await client(name).call('ListStreams', {}, { ...access, endpoint: secure.cloud.url });
    expect(outcome).toMatchObject({ message: expect.stringMatching(/certificate|SSL/i) });
    expect(outcome).toHaveProperty('error');
    expect(outcome).not.toHaveProperty('status');
  });
}

cell({ operation: 'ListStreams', client: 'SDK for JavaScript' }, 'puts its clock right and asks again', async () => {
  const client = new KinesisVideoClient({
    ...{ endpoint: plain.cloud.url, region: 'us-west-2', credentials: keys, maxAttempts: 3 },
    systemClockOffset: -skewMs,
  });
  const { $metadata } = await client.send(new ListStreamsCommand({}));
  expect($metadata).toMatchObject({ httpStatusCode: 200, attempts: 2 });
  client.destroy();
});

for (const name of clientNames)
  cell({ operation: 'TagStream', client: name }, 'beside the others, nothing of each other is lost', async () => {
    const { StreamName } = await place.aStream();
    const mine = name === 'AWS CLI' ? 4 : 20;
    const tag = (who: string, asked: (typeof clientNames)[number]) => (_: unknown, index: number) =>
      client(asked).call('TagStream', { StreamName, Tags: { [`${who}-${index}`]: '' } }, access);
    const outcomes = await Promise.all([
      ...Array.from({ length: mine }, tag('mine', name)),
      ...libraries.flatMap(other => Array.from({ length: 10 }, tag(other.replaceAll(' ', '-'), other))),
    ]);
    for (const outcome of outcomes) expectAnswer(outcome);
    const { Tags } = await place.see('ListTagsForStream', { StreamName });
    expect(Object.keys(Tags as object)).toHaveLength(mine + 20);
  });

for (const name of libraries) {
  cell({ operation: 'UpdateStream', client: name }, 'of changes of one version at once, one is made', async () => {
    const { StreamName, Version } = await place.aStream();
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => {
        const input = { StreamName, CurrentVersion: Version, DeviceName: `device-${index}` };
        return client(name).call('UpdateStream', input, access);
      }),
    );
    const [made, ...others] = outcomes.toSorted((a, b) => Number('error' in a) - Number('error' in b));
    if (made) expectAnswer(made);
    for (const other of others) expectRefusal(other, ['VersionMismatchException', 400]);
    expect(others).toHaveLength(7);
  });

  cell({ operation: 'DetectLabels', client: name }, 'more pictures at once than may wait', async () => {
    const args = ['-v', 'error', '-f', 'lavfi', '-i', 'color=gray:s=640x360', '-frames:v', '1', '-c:v', 'mjpeg'];
    const Bytes = execFileSync('ffmpeg', [...args, '-f', 'image2pipe', '-']);
    const clock = manualClock(Date.now());
    const begun = Promise.withResolvers<void>();
    const after: Clock['after'] = (ms, callback) => {
      if (ms === detectionMs) begun.resolve();
      return clock.after(ms, callback);
    };
    await using held = await testCloud({ clock: { ...clock, after } });
    const detect = (image: Uint8Array) =>
      client(name).call('DetectLabels', { Image: { Bytes: image } }, { ...access, endpoint: held.cloud.url });
    // Of the eight there is room for, this one is looked at until it is given up.
    const endless = detect(jpegOfManyScans(310_000));
    await begun.promise;
    const refused: Outcome[] = [];
    const asked = Array.from({ length: 16 }, async () => {
      const outcome = await detect(Bytes);
      if ('error' in outcome) refused.push(outcome);
      return outcome;
    });
    await expect.poll(() => refused.length).toBe(9);
    for (const outcome of refused) expectRefusal(outcome, ['ThrottlingException', 400]);
    clock.advance(detectionMs);
    expectRefusal(await endless, ['InvalidImageFormatException', 400]);
    expect((await Promise.all(asked)).filter(outcome => 'answer' in outcome)).toHaveLength(7);
    expect(held.problems).toEqual([]);
  });
}

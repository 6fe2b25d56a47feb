// DetectLabels as real clients call it, and what the detector finds in real footage.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DetectLabelsCommand, type DetectLabelsCommandInput, RekognitionClient } from '@aws-sdk/client-rekognition';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { createListener } from '../../agent/local-cloud/http.ts';
import { PeopleDetector } from '../../agent/local-cloud/rekognition/detector.ts';
import { rekognitionRoutes } from '../../agent/local-cloud/rekognition/routes.ts';
import { Secret } from '../../agent/secret.ts';
import { manualClock } from './control-cloud.ts';
import { accessKeyId, portOf, secretAccessKey } from './hls-stage.ts';
import { jpegOfManyScans } from './jpeg-of-many-scans.ts';
import { likeness, seenAt } from './rekognition-labels.ts';

const media = join(import.meta.dirname, '../../../shared/media');
const withoutMedia = !existsSync(join(media, 'room-person.mp4'));
if (withoutMedia) console.warn('Skipped: the footage of the detector tests is not at ../shared/media.');

const folder = mkdtempSync(join(tmpdir(), 'kvs-edge-rekognition-'));
let detector: PeopleDetector;
let server: Server;
let client: RekognitionClient;

function serve(people: PeopleDetector): Promise<Server> {
  const listener = createListener(rekognitionRoutes(people), {
    ...{ accessKeyId, secretAccessKey: new Secret(secretAccessKey), clock: systemClock },
    onProblem: problem => {
      throw problem;
    },
  });
  listener.listen(0, '127.0.0.1');
  return once(listener, 'listening').then(() => listener);
}

function clientOf(listener: Server): RekognitionClient {
  return new RekognitionClient({
    ...{ region: 'us-west-2', endpoint: `http://127.0.0.1:${portOf(listener)}`, maxAttempts: 1 },
    credentials: { accessKeyId, secretAccessKey },
  });
}

beforeAll(async () => {
  // No time passes for it: a busy machine may need longer for a picture than a picture gets.
  detector = new PeopleDetector({ clock: manualClock(0) });
  server = await serve(detector);
  client = clientOf(server);
});
afterAll(async () => {
  client.destroy();
  server.close();
  await detector[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const detect = (Bytes: Uint8Array, options: Omit<DetectLabelsCommandInput, 'Image'> = {}) =>
  client.send(new DetectLabelsCommand({ Image: { Bytes }, ...options }));

/** A frame made by ffmpeg, in the format the file name has. */
function picture(input: string[], name = 'picture.jpg', filters = 'null'): Buffer {
  const file = join(folder, name);
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...input, '-frames:v', '1', '-vf', filters, file]);
  return readFileSync(file);
}

const frameAt = (second: number, name?: string, filters?: string) =>
  picture(['-ss', String(second), '-i', join(media, 'room-person.mp4')], name, filters);
const greyPicture = (size: string, name?: string) => picture(['-f', 'lavfi', '-i', `color=gray:s=${size}`], name);

describe.skipIf(withoutMedia)('on real footage', () => {
  test('a person at the table is found where they stand, with the labels Rekognition gives', async () => {
    const { Labels, LabelModelVersion } = await detect(frameAt(30), { MinConfidence: 70 });
    expect(LabelModelVersion).toBe('3.0');
    expect(Labels).toMatchObject([
      { Name: 'Person', Parents: [], Aliases: [{ Name: 'Human' }], Categories: [{ Name: 'Person Description' }] },
    ]);
    const [instance, ...others] = Labels?.[0]?.Instances ?? [];
    expect(others).toEqual([]);
    expect(instance?.Confidence).toBe(Labels?.[0]?.Confidence);
    expect(instance?.Confidence).toBeGreaterThan(85);
    const { Left = 0, Top = 0, Width = 0, Height = 0 } = instance?.BoundingBox ?? {};
    const seen = seenAt(30);
    expect(seen.kind).toBe('whole');
    if (seen.kind === 'whole')
      expect(likeness({ left: Left, top: Top, width: Width, height: Height }, seen.box)).toBeGreaterThan(0.6);
  });

  test.each(['rgb24', 'rgba', 'gray'])('a PNG of pixel format %s gives the same', async format => {
    const { Labels } = await detect(frameAt(30, `${format}.png`, `scale=640:-2,format=${format}`));
    expect(Labels?.[0]?.Instances).toHaveLength(1);
  });

  test('an empty room has no label', async () => {
    expect(await detect(frameAt(2))).toMatchObject({ Labels: [] });
  });

  test('of whole people at least 9 in 10 are found, of boxes at least 9 in 10 are people, and cars are not people', async () => {
    const frames = (file: string, step: number) => {
      execFileSync('ffmpeg', [
        '-v',
        'error',
        '-i',
        join(media, file),
        '-vf',
        `fps=1/${step}`,
        join(folder, `${file}-%03d.jpg`),
      ]);
      return readdirSync(folder)
        .filter(name => name.startsWith(`${file}-`))
        .sort();
    };
    const counts = { whole: 0, found: 0, wrong: 0 };
    const step = 5;
    for (const file of ['room-person.mp4', 'street-cars.mp4']) {
      for (const [index, name] of frames(file, step).entries()) {
        // The fps filter takes the frame in the middle of each step.
        const seen = file.startsWith('room')
          ? seenAt(index * step + Math.floor(step / 2))
          : { kind: 'nobody' as const };
        const detection = await detector.detect(readFileSync(join(folder, name)));
        if ('problem' in detection) throw new Error(detection.problem);
        const boxes = detection.people.filter(person => person.confidence >= 70);
        const right = boxes.some(box => seen.kind !== 'nobody' && likeness(box, seen.box) >= 0.4);
        if (seen.kind === 'whole') counts.whole++;
        if (seen.kind === 'whole' && right) counts.found++;
        counts.wrong += boxes.length - (right ? 1 : 0);
      }
    }
    expect(counts.whole).toBeGreaterThan(15);
    expect(counts.found / counts.whole).toBeGreaterThanOrEqual(0.9);
    expect(counts.wrong / (counts.wrong + counts.found)).toBeLessThanOrEqual(0.1);
  }, 600_000);

  test.each<{ name: string; options: Omit<DetectLabelsCommandInput, 'Image'>; labels: number }>([
    { name: 'MaxLabels 0', options: { MaxLabels: 0 }, labels: 0 },
    { name: 'MinConfidence 100', options: { MinConfidence: 100 }, labels: 0 },
    { name: 'included by name', options: general({ LabelInclusionFilters: ['Person'] }), labels: 1 },
    { name: 'other labels included', options: general({ LabelInclusionFilters: ['Car'] }), labels: 0 },
    { name: 'excluded by name', options: general({ LabelExclusionFilters: ['Person'] }), labels: 0 },
    {
      name: 'category included',
      options: general({ LabelCategoryInclusionFilters: ['Person Description'] }),
      labels: 1,
    },
    {
      name: 'category excluded',
      options: general({ LabelCategoryExclusionFilters: ['Person Description'] }),
      labels: 0,
    },
  ])('$name leaves $labels labels', async ({ options, labels }) => {
    expect((await detect(frameAt(30), options)).Labels).toHaveLength(labels);
  });
});

function general(filters: object): Omit<DetectLabelsCommandInput, 'Image'> {
  return { Settings: { GeneralLabels: filters } };
}

/** The header, which says the size, comes second: what reads the picture must not find another size than what let it in. */
function withChunkInFront(png: Buffer): Buffer {
  const chunk = Buffer.from(png.subarray(8, 33));
  chunk.write('tEXt', 4, 'latin1');
  chunk.writeUInt32BE(100, 8);
  chunk.writeUInt32BE(100, 12);
  return Buffer.concat([png.subarray(0, 8), chunk, png.subarray(8)]);
}

describe('refused as Rekognition refuses it', () => {
  test.each<{
    name: string;
    bytes: () => Uint8Array;
    options?: Omit<DetectLabelsCommandInput, 'Image'>;
    error: string;
  }>([
    { name: 'text', bytes: () => Buffer.from('hello, this is no image'), error: 'InvalidImageFormatException' },
    { name: 'a cut JPEG', bytes: () => greyPicture('320x240').subarray(0, 300), error: 'InvalidImageFormatException' },
    {
      name: 'a cut PNG',
      bytes: () => greyPicture('320x240', 'a.png').subarray(0, 80),
      error: 'InvalidImageFormatException',
    },
    {
      name: 'a palette PNG',
      bytes: () => picture(['-f', 'lavfi', '-i', 'color=red:s=100x100'], 'p.png', 'format=pal8'),
      error: 'InvalidImageFormatException',
    },
    {
      name: 'a PNG whose first chunk is no header, and only looks like a small one',
      bytes: () => withChunkInFront(greyPicture('320x240', 'hidden.png')),
      error: 'InvalidImageFormatException',
    },
    { name: '79 pixels', bytes: () => greyPicture('79x200'), error: 'InvalidParameterException' },
    { name: 'more than 5 MiB', bytes: () => new Uint8Array(5_242_881), error: 'ImageTooLargeException' },
    { name: 'no bytes', bytes: () => new Uint8Array(0), error: 'InvalidParameterException' },
    {
      name: 'confidence 101',
      bytes: () => greyPicture('320x240'),
      options: { MinConfidence: 101 },
      error: 'InvalidParameterException',
    },
    {
      name: 'image properties',
      bytes: () => greyPicture('320x240'),
      options: { Features: ['IMAGE_PROPERTIES'] },
      error: 'InvalidParameterException',
    },
  ])('$name', async ({ bytes, options, error }) => {
    await expect(detect(bytes(), options)).rejects.toMatchObject({
      name: error,
      message: expect.stringMatching(/.{10}/),
    });
  });

  test('an image in S3', async () => {
    const command = new DetectLabelsCommand({ Image: { S3Object: { Bucket: 'bucket', Name: 'n' } } });
    await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidS3ObjectException' });
  });
});

test('when more images wait than it has room for, it throttles, and those that waited are answered', async () => {
  // Answers nothing until it is told to, and everything from then on.
  const held = `
    const { parentPort } = require('node:worker_threads');
    const jobs = [];
    let isHeld = true;
    parentPort.on('message', job => {
      if (job === 'go') isHeld = false;
      else jobs.push(job);
      if (!isHeld) for (const { id } of jobs.splice(0)) parentPort.postMessage({ id, people: [] });
    });`;
  const worker = new Worker(held, { eval: true });
  await using small = new PeopleDetector({ maxWaiting: 2, startWorker: () => worker });
  const listener = await serve(small);
  const impatient = clientOf(listener);
  const command = new DetectLabelsCommand({ Image: { Bytes: greyPicture('640x360') } });
  const refusals: string[] = [];
  const sent = [1, 2, 3, 4].map(() => impatient.send(command).catch(({ name }) => void refusals.push(name)));
  await expect.poll(() => refusals).toEqual(['ThrottlingException', 'ThrottlingException']);
  worker.postMessage('go');
  const answers = (await Promise.all(sent)).filter(answer => answer !== undefined);
  expect(answers).toMatchObject([{ Labels: [] }, { Labels: [] }]);
  await expect(impatient.send(command)).resolves.toMatchObject({ Labels: [] });
  impatient.destroy();
  listener.close();
});

test('a picture that keeps the detector for minutes is given up, and those that wait are served', async () => {
  const manual = manualClock(0);
  const begun = Promise.withResolvers<void>();
  let threads = 0;
  await using patient = new PeopleDetector({
    clock: {
      ...manual,
      after(ms, callback) {
        begun.resolve();
        return manual.after(ms, callback);
      },
    },
    startWorker() {
      threads++;
      return new Worker(new URL('../../agent/local-cloud/rekognition/worker.ts', import.meta.url));
    },
  });
  const listener = await serve(patient);
  const waiting = clientOf(listener);
  const send = (Bytes: Uint8Array) => waiting.send(new DetectLabelsCommand({ Image: { Bytes } }));
  const endless = jpegOfManyScans(310_000);
  expect(endless.length).toBeLessThan(5_242_880);
  const refused = expect(send(endless)).rejects.toMatchObject({
    name: 'InvalidImageFormatException',
    message: expect.stringContaining('within 20 seconds'),
  });
  await begun.promise;
  const others = Promise.all([greyPicture('640x360'), jpegOfManyScans(3)].map(image => patient.detect(image)));
  manual.advance(19_999);
  expect(threads).toBe(1);
  manual.advance(1);
  await refused;
  // Of fewer scans it is a picture like any other.
  expect(await others).toEqual([{ people: [] }, { people: [] }]);
  expect(threads).toBe(2);
  await expect(send(greyPicture('320x240'))).resolves.toMatchObject({ Labels: [] });
  expect(threads).toBe(2);
  waiting.destroy();
  listener.close();
});

/** Threads that take pictures as the detector's own does, and die of those that begin with 0. */
const mortal = `
  const { parentPort } = require("node:worker_threads");
  parentPort.on("message", ({ id, image }) => {
    parentPort.postMessage({ started: id });
    if (image[0] === 0) throw new Error("out of memory");
    parentPort.postMessage({ id, people: [] });
  })`;
const [deadly, harmless] = [Uint8Array.of(0), Uint8Array.of(1)];

test('a picture the detector dies of costs its own answer, and those that wait are served by the next thread', async () => {
  let started = 0;
  await using fragile = new PeopleDetector({
    startWorker() {
      started++;
      return new Worker(mortal, { eval: true });
    },
  });
  const images = [harmless, deadly, harmless, deadly, harmless];
  const [people, failed] = [{ people: [] }, { problem: 'failed' }];
  expect(await Promise.all(images.map(image => fragile.detect(image)))).toEqual([
    people,
    failed,
    people,
    failed,
    people,
  ]);
  expect(started).toBe(3);
});

test('a picture that is sent again and again, and kills each thread, keeps nobody from being served', async () => {
  await using fragile = new PeopleDetector({ startWorker: () => new Worker(mortal, { eval: true }) });
  let deaths = 0;
  const over = new AbortController();
  /** As SDKs do with a 500. */
  const insist = async () => {
    while (!over.signal.aborted) {
      expect(await fragile.detect(deadly)).toEqual({ problem: 'failed' });
      deaths++;
    }
  };
  const insisting = [insist(), insist()];
  for (let count = 0; count < 5; count++) expect(await fragile.detect(harmless)).toEqual({ people: [] });
  over.abort();
  await Promise.all(insisting);
  expect(deaths).toBeGreaterThanOrEqual(5);
});

test('threads that die before they begin anything answer one each, and nobody waits for ever', async () => {
  let started = 0;
  await using broken = new PeopleDetector({
    startWorker() {
      started++;
      return new Worker('process.exit(1)', { eval: true });
    },
  });
  const answers = await Promise.all([1, 2, 3].map(() => broken.detect(harmless)));
  expect(answers).toEqual([1, 2, 3].map(() => ({ problem: 'failed' })));
  expect(started).toBe(3);
});

test('who waits when the server stops is answered, and no other thread begins', async () => {
  let started = 0;
  const closing = new PeopleDetector({
    startWorker() {
      started++;
      return new Worker('require("node:worker_threads").parentPort.on("message", () => {})', { eval: true });
    },
  });
  const answers = Promise.all([1, 2].map(() => closing.detect(harmless)));
  await closing[Symbol.asyncDispose]();
  expect(await answers).toEqual([{ problem: 'failed' }, { problem: 'failed' }]);
  expect(await closing.detect(harmless)).toEqual({ problem: 'failed' });
  expect(started).toBe(1);
});

test('a thread that died is an InternalServerError to the client, and its next call is served', async () => {
  let started = 0;
  const crashing =
    'require("node:worker_threads").parentPort.on("message", () => { throw new Error("out of memory"); })';
  const answering =
    'const { parentPort } = require("node:worker_threads"); parentPort.on("message", ({ id }) => parentPort.postMessage({ id, people: [] }))';
  await using fragile = new PeopleDetector({
    startWorker: () => new Worker(started++ === 0 ? crashing : answering, { eval: true }),
  });
  const listener = await serve(fragile);
  const persistent = clientOf(listener);
  const command = new DetectLabelsCommand({ Image: { Bytes: greyPicture('640x360') } });
  await expect(persistent.send(command)).rejects.toMatchObject({ name: 'InternalServerError' });
  await expect(persistent.send(command)).resolves.toMatchObject({ Labels: [] });
  expect(started).toBe(2);
  persistent.destroy();
  listener.close();
});

// Pictures: DetectLabels with images that are damaged or say that they are what they are not, and GetImages of damaged media.
// A picture is looked at, or refused by a documented name; the detector stays alive, and no picture takes for ever.
import { execFileSync } from 'node:child_process';
import { crc32, deflateSync } from 'node:zlib';
import { type Media, mediaStartMs, mediaStepMs, storeMedia } from './cloud/media.ts';
import { bodyOf } from './cloud/mutate-json.ts';
import { RunningCloud } from './cloud/running-cloud.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { below, demand, oneOf, type Random, type Target } from './target.ts';

const detectErrors = [
  ...['InvalidS3ObjectException', 'InvalidParameterException', 'ImageTooLargeException', 'AccessDeniedException'],
  ...['ThrottlingException', 'ProvisionedThroughputExceededException', 'InvalidImageFormatException'],
];
const imageErrors = [
  ...[
    'InvalidArgumentException',
    'ResourceNotFoundException',
    'ClientLimitExceededException',
    'NoDataRetentionException',
  ],
  'NotAuthorizedException',
];
/** A decoder is a process: among so many pictures for the detector, one of them. */
const imagesEvery = 25;

export async function cloudImagesTarget(): Promise<Target> {
  const cloud = await RunningCloud.start();
  const media = await storeMedia(cloud);
  const pictures = ['mjpeg', 'png'].map(drawn);
  const detect = (image: Uint8Array, random?: Random) => {
    const input = { Image: { Bytes: Buffer.from(image).toString('base64') } };
    const body = random ? bodyOf({ ...input, MaxLabels: 10, MinConfidence: 55 }, random) : JSON.stringify(input);
    const headers = { 'x-amz-target': 'RekognitionService.DetectLabels' };
    return cloud.call({ path: '/', body, service: 'rekognition', headers });
  };
  const right = async () => {
    for (const picture of pictures) {
      const { status, body } = await detect(picture);
      demand(status === 200, `a good picture is refused: ${status} ${body}`);
    }
  };
  // The detector's thread starts with the first picture, and stays.
  await right();
  cloud.rebase();
  return {
    async feed(random) {
      if (below(imagesEvery, random) === 0) return images(cloud, media, random);
      const reply = await detect(damagedPicture(oneOf(pictures, random), random), random() < 0.1 ? random : undefined);
      return reply.status === 200 ? 'looked at' : cloud.errorType(reply, detectErrors);
    },
    async [Symbol.asyncDispose]() {
      await right();
      await cloud[Symbol.asyncDispose]();
    },
  };
}

async function images(cloud: RunningCloud, media: Media, random: Random): Promise<string> {
  const isGood = random() < 0.5;
  const StartTimestamp = (mediaStartMs + below(isGood ? 6 : 400, random) * mediaStepMs) / 1000;
  const input = {
    StreamName: oneOf(isGood ? media.good : media.damaged, random),
    ...{
      StartTimestamp,
      EndTimestamp: StartTimestamp + below(20, random),
      SamplingInterval: oneOf([200, 1000], random),
    },
    ...{ ImageSelectorType: 'PRODUCER_TIMESTAMP', Format: oneOf(['JPEG', 'PNG'], random) },
    ...(random() < 0.5 ? { WidthPixels: 64, HeightPixels: 48 } : {}),
  };
  const reply = await cloud.call({
    path: '/getImages',
    body: random() < 0.8 ? JSON.stringify(input) : bodyOf(input, random),
  });
  if (reply.status !== 200) return `images: ${cloud.errorType(reply, imageErrors)}`;
  const { Images } = JSON.parse(reply.body.toString());
  return `images: ${[...new Set(Images.map((image: { Error?: string }) => image.Error ?? 'picture'))].toSorted().join(' ')}`;
}

/** Bytes, then what knows the format: other sizes in the head, chunks and segments that are missing, twice or longer. */
function damagedPicture(picture: Uint8Array, random: Random): Uint8Array {
  const kind = random();
  if (kind < 0.5) return mutateBytes(picture, random);
  if (picture[0] === 0x89) return kind < 0.9 ? pngOf(picture, random) : mutateBytes(pngOf(picture, random), random);
  return kind < 0.9 ? jpegOf(picture, random) : mutateBytes(jpegOf(picture, random), random);
}

const sizes = [0, 1, 79, 80, 81, 100, 1000, 9_999, 10_000, 65_535, 2 ** 31 - 1, 2 ** 32 - 1];

function pngOf(picture: Uint8Array, random: Random): Uint8Array {
  const file = Buffer.from(picture);
  const chunks: Buffer[] = [];
  for (let at = 8; at + 12 <= file.length; at += 12 + file.readUInt32BE(at))
    chunks.push(file.subarray(at, at + 12 + file.readUInt32BE(at)));
  const head = () => {
    const [width, height] = random() < 0.6 ? [oneOf(sizes, random), oneOf(sizes, random)] : [160, 120];
    const body = Buffer.alloc(13);
    body.writeUInt32BE(width, 0);
    body.writeUInt32BE(height, 4);
    body.set([oneOf([8, 8, 1, 16], random), oneOf([0, 2, 4, 6, 3, 9], random), 0, 0, random() < 0.9 ? 0 : 1], 8);
    return pngChunk('IHDR', body);
  };
  const at = below(chunks.length, random);
  const kind = random();
  if (kind < 0.3) chunks[0] = head();
  else if (kind < 0.5) chunks.splice(1 + below(chunks.length, random), 0, head());
  else if (kind < 0.6) chunks.splice(at, 1);
  else if (kind < 0.7) chunks.splice(at, 0, chunks[at] ?? Buffer.alloc(0));
  else
    chunks.splice(
      1,
      chunks.length - 2,
      pngChunk('IDAT', deflateSync(Buffer.alloc(below(2_000_000, random), below(6, random)))),
    );
  return Buffer.concat([file.subarray(0, 8), ...chunks]);
}

function pngChunk(type: string, body: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + body.length);
  chunk.writeUInt32BE(body.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(body, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + body.length)), 8 + body.length);
  return chunk;
}

function jpegOf(picture: Uint8Array, random: Random): Uint8Array {
  const file = Buffer.from(picture);
  const segments: Buffer[] = [];
  let at = 2;
  for (; file[at] === 0xff && file[at + 1] !== 0xda; at += 2 + file.readUInt16BE(at + 2))
    segments.push(Buffer.from(file.subarray(at, at + 2 + file.readUInt16BE(at + 2))));
  const scan = file.subarray(at, -2);
  const chosen = below(segments.length, random);
  const segment = segments[chosen] ?? Buffer.alloc(4);
  const kind = random();
  if (kind < 0.3) {
    const frame = segments.find(one => (one[1] ?? 0) >= 0xc0 && (one[1] ?? 0) <= 0xc2);
    frame?.writeUInt16BE(oneOf(sizes, random) & 0xffff, random() < 0.5 ? 5 : 7);
    if (frame && random() < 0.4) frame[1] = oneOf([0xc0, 0xc1, 0xc2, 0xc9], random);
    if (frame && random() < 0.4) frame[11] = below(256, random);
  } else if (kind < 0.45) segments.splice(chosen, 1);
  else if (kind < 0.6) segments.splice(chosen, 0, segment);
  else if (kind < 0.75) segment.writeUInt16BE(below(65_536, random), 2);
  else if (kind < 0.9) segments[chosen] = Buffer.from(mutateBytes(segment, random));
  const scans = Array.from({ length: random() < 0.2 ? 1 + below(50, random) : 1 }, () => scan);
  return Buffer.concat([file.subarray(0, 2), ...segments, ...scans, file.subarray(-2)]);
}

function drawn(codec: string): Uint8Array {
  const source = ['-f', 'lavfi', '-i', 'testsrc=size=160x120:rate=1:duration=1', '-frames:v', '1'];
  return execFileSync(
    'ffmpeg',
    [
      '-v',
      'error',
      ...source,
      '-c:v',
      codec,
      '-pix_fmt',
      codec === 'png' ? 'rgb24' : 'yuvj420p',
      '-f',
      'image2pipe',
      '-',
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
}

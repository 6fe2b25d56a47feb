// Every signed operation of the embedded server but PutMedia, over sockets, on a server with media in it: whatever is sent, it
// answers with what AWS documents or hangs up, and good requests are answered rightly afterwards.
import { isDeepStrictEqual } from 'node:util';
import { type Media, put, storeMedia } from './cloud/media.ts';
import { bodyOf } from './cloud/mutate-json.ts';
import { oddRequest } from './cloud/odd-request.ts';
import { anyOperation, scratch } from './cloud/operations.ts';
import { RunningCloud } from './cloud/running-cloud.ts';
import { StreamModel } from './cloud/stream-model.ts';
import { demand, oneOf, type Random, type Target } from './target.ts';

/** Good requests are tried after this many inputs. */
const checkEvery = 50;
/** Enough of GetMedia, which never ends. */
const enoughBytes = 3000;

export async function cloudJsonTarget(): Promise<Target> {
  const cloud = await RunningCloud.start();
  const media = await storeMedia(cloud);
  const model = new StreamModel(cloud);
  const known = await answers(cloud, media);
  cloud.rebase();
  let inputs = 0;
  return {
    async feed(random) {
      if (inputs++ % checkEvery === 0) {
        demand(
          isDeepStrictEqual(await answers(cloud, media), known),
          'good requests are answered otherwise than before',
        );
        await refresh(cloud, media);
      }
      const kind = random();
      if (kind < 0.25) return `model: ${(await model.step(random)) || 'done'}`;
      return kind < 0.8 ? ask(cloud, media, random) : askOddly(cloud, media, random);
    },
    async [Symbol.asyncDispose]() {
      demand(isDeepStrictEqual(await answers(cloud, media), known), 'good requests are answered otherwise than before');
      await cloud[Symbol.asyncDispose]();
    },
  };
}

async function ask(cloud: RunningCloud, media: Media, random: Random): Promise<string> {
  const { path, errors, request } = anyOperation(random);
  const body = bodyOf(request(media, random), random);
  const reply = await cloud.call({ path, body }, path === '/getMedia' ? { enoughBytes } : {});
  if (reply.status !== 200) return cloud.errorType(reply, errors);
  if (reply.headers.get('content-type') === 'application/json') JSON.parse(reply.body.toString());
  return `${path} done`;
}

async function askOddly(cloud: RunningCloud, media: Media, random: Random): Promise<string> {
  const { path, errors, request } = anyOperation(random);
  const body = Buffer.from(bodyOf(request(media, random), random));
  const afterwards = oneOf(['close', 'close', 'close', 'reset'] as const, random);
  const reply = await cloud.send({ pieces: oddRequest(cloud, { path, body }, random), enoughBytes, afterwards });
  // Another target may be asked for, with errors of its own.
  const others = [
    'InvalidParameterException',
    'InvalidImageFormatException',
    'InvalidS3ObjectException',
    'NotAuthorizedException',
  ];
  return reply.status < 400 ? `oddly: ${reply.status}` : `oddly: ${cloud.errorType(reply, [...errors, ...others])}`;
}

/** What is asked for good things that no input changes. */
async function answers(cloud: RunningCloud, { good, numbers }: Media): Promise<string[]> {
  const [StreamName = ''] = good;
  const range = { StartTimestamp: 0, EndTimestamp: 2_000_000_000 };
  const FragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: range };
  const requests: [string, object][] = [
    ['/describeStream', { StreamName }],
    ['/listFragments', { StreamName, FragmentSelector }],
    ['/getMediaForFragmentList', { StreamName, Fragments: numbers.slice(0, 3) }],
    ['/listTagsForStream', { StreamName }],
  ];
  const told: string[] = [];
  for (const [path, input] of requests) {
    const { status, body } = await cloud.call({ path, body: JSON.stringify(input) });
    demand(status === 200, `${path}: ${status} ${body}`);
    told.push(body.toString('latin1'));
  }
  return told;
}

/** The stream for changes is there again, and something has just arrived where live media is asked for. */
async function refresh(cloud: RunningCloud, media: Media): Promise<void> {
  await cloud.call({ path: '/createStream', body: JSON.stringify({ StreamName: scratch, DataRetentionInHours: 2 }) });
  const { body } = await cloud.call({ path: '/describeStream', body: JSON.stringify({ StreamName: scratch }) });
  const { StreamInfo } = JSON.parse(body.toString());
  media.scratch = { arn: StreamInfo.StreamARN, version: StreamInfo.Version };
  await put(cloud, 'live', media.samples[2]?.bytes ?? new Uint8Array(), Date.now());
}

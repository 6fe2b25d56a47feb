// How long a player waits for a fragment of two seconds and 1 MB, over kept connections, as fragmented MP4 and as a transport
// stream, against a server that reads the same file and sends it as it is. The rounds alternate; curl is the player.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ContainerFormat, GetHLSStreamingSessionURLCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { archiveClient } from '../../test/local-cloud/control-cloud.ts';
import { readPlaylist } from '../../test/local-cloud/soak/playlist.ts';
import { localCloud, node } from './child.ts';
import { privateBytes, processorTime } from './process-cost.ts';
import { quantileOf, rounded } from './quantiles.ts';
import { makeStream, type SendableStream, sendAll, sendableStream } from './sent-stream.ts';
import { TimedClient, timeAll } from './timed-get.ts';

export type FragmentsOptions = { dir: string; megabytes: number; rounds: number };

const streamName = 'bench';
const viewers = 4;
/** Every fragment so often in each round. */
const passes = 4;

export async function benchFragments({ dir, megabytes, rounds }: FragmentsOptions): Promise<Record<string, unknown>> {
  await mkdir(dir);
  const cloudDir = join(dir, 'cloud');
  const stream = await sendableStream(megabytes);
  await using cloud = await localCloud(cloudDir);
  const url = cloud.readyText;
  await makeStream(url, streamName);
  await sendAll(url, streamName, stream);
  const files = (await readdir(cloudDir, { recursive: true })).filter(file => file.endsWith('.mkv'));
  await using bare = await node('scripts/bench/bare-file-server.ts', [cloudDir], { ready: /listens on (\S+)/ });
  const bareUrls = files.map(file => `${bare.readyText}/${encodeURIComponent(file)}`);

  using client = new TimedClient(1);
  const mp4Urls = await segmentUrls(client, url, stream, 'FRAGMENTED_MP4');
  const before = await privateBytes(cloud.pid);
  const ms = { mp4: [] as number[], mp4Four: [] as number[], bare: [] as number[], bareFour: [] as number[] };
  const processorMs = { server: 0, bare: 0 };
  const costing = async (of: keyof typeof processorMs, work: () => Promise<number[]>) => {
    const pid = of === 'server' ? cloud.pid : bare.pid;
    const startMs = (await processorTime(pid)).ownMs;
    const took = await work();
    processorMs[of] += (await processorTime(pid)).ownMs - startMs;
    return took;
  };
  for (let round = 0; round <= rounds; round++) {
    for (let pass = 0; pass < passes; pass++) {
      const took = {
        mp4: await costing('server', () => timeAll(mp4Urls, 1)),
        bare: await costing('bare', () => timeAll(bareUrls, 1)),
        mp4Four: await costing('server', () => timeAll(mp4Urls, viewers)),
        bareFour: await costing('bare', () => timeAll(bareUrls, viewers)),
      };
      // The first round warms up.
      if (round > 0) for (const key of ['mp4', 'bare', 'mp4Four', 'bareFour'] as const) ms[key].push(...took[key]);
      else Object.assign(processorMs, { server: 0, bare: 0 });
    }
  }
  const processorMsPerRequest = (of: keyof typeof processorMs) => rounded(processorMs[of] / ms.mp4.length / 2);
  const transportUrls = await segmentUrls(client, url, stream, 'MPEG_TS');
  const first = await timeAll(transportUrls, 1);
  const again = await timeAll(transportUrls, 1);
  const after = await privateBytes(cloud.pid);
  return {
    input: { fragments: mp4Urls.length, bytes: (await client.get(mp4Urls[0] ?? '')).bytes, requests: ms.mp4.length },
    mp4: { ...figures(ms.mp4), processorMsPerRequest: processorMsPerRequest('server') },
    bareFileServer: { ...figures(ms.bare), processorMsPerRequest: processorMsPerRequest('bare') },
    mp4FourAtOnce: figures(ms.mp4Four),
    bareFileServerFourAtOnce: figures(ms.bareFour),
    ratioToBare: rounded(quantileOf(ms.mp4, 0.5) / quantileOf(ms.bare, 0.5)),
    transportStreamFirst: figures(first),
    transportStreamAgain: figures(again),
    serverPrivateMegabytes: { before: rounded(before / 1e6), after: rounded(after / 1e6) },
  };
}

function figures(ms: readonly number[]): Record<string, number> {
  return {
    p50Ms: rounded(quantileOf(ms, 0.5)),
    p99Ms: rounded(quantileOf(ms, 0.99)),
    longestMs: rounded(Math.max(...ms)),
  };
}

async function segmentUrls(
  client: TimedClient,
  url: string,
  { startMs, endMs }: SendableStream,
  format: ContainerFormat,
): Promise<string[]> {
  const { HLSStreamingSessionURL: master = '' } = await archiveClient(url).send(
    new GetHLSStreamingSessionURLCommand({
      ...{ StreamName: streamName, PlaybackMode: 'ON_DEMAND', ContainerFormat: format, Expires: 43_200 },
      HLSFragmentSelector: {
        FragmentSelectorType: 'PRODUCER_TIMESTAMP',
        TimestampRange: { StartTimestamp: new Date(startMs), EndTimestamp: new Date(endMs) },
      },
    }),
  );
  const mediaUrl = new URL(lastLine((await client.get(master)).body), master);
  const { segments } = readPlaylist((await client.get(mediaUrl.href)).body.toString('utf8'));
  return segments.map(({ uri }) => new URL(uri, mediaUrl).href);
}

/** A master playlist names its main track last. */
export function lastLine(body: Buffer): string {
  return body.toString('utf8').trim().split('\n').at(-1) ?? '';
}

// The lists of a stream with a day in it: HLS and DASH with as many fragments as the API lists in one session (5,000), the
// whole day in nine sessions and in pages of ListFragments, and, without the API's limit, the code behind it on all of them.
import { join } from 'node:path';
import {
  GetDASHStreamingSessionURLCommand,
  GetHLSStreamingSessionURLCommand,
  ListFragmentsCommand,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { systemClock } from '../../agent/clock.ts';
import { mediaPlaylist } from '../../agent/local-cloud/hls/media-playlist.ts';
import { openSession } from '../../agent/local-cloud/hls/session.ts';
import { sessionRequest, settingsOf } from '../../agent/local-cloud/hls/session-request.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { archiveClient } from '../../test/local-cloud/control-cloud.ts';
import { localCloud } from './child.ts';
import { lastLine } from './cloud-fragments.ts';
import { type Day, dayStream, fillDay, fragmentMs } from './day-store.ts';
import { peakResidentBytes, privateBytes } from './process-cost.ts';
import { medianOf, quantileOf, rounded } from './quantiles.ts';
import { TimedClient } from './timed-get.ts';

export type DayOptions = { dir: string; fragments: number };

/** The API's own limit. */
const maxFragments = 5000;
const repeats = 9;

export async function benchDay({ dir, fragments }: DayOptions): Promise<Record<string, unknown>> {
  const day = await fillDay(join(dir), fragments);
  const startMs = performance.now();
  const served = await (async () => {
    await using cloud = await localCloud(dir);
    const startedMs = performance.now() - startMs;
    const startMegabytes = (await privateBytes(cloud.pid)) / 1e6;
    const figures = await overHttp(cloud.readyText, day);
    return {
      startSeconds: rounded(startedMs / 1000),
      ...figures,
      serverPrivateMegabytes: {
        before: rounded(startMegabytes),
        after: rounded((await privateBytes(cloud.pid)) / 1e6),
      },
      serverPeakResidentMegabytes: rounded((await peakResidentBytes(cloud.pid)) / 1e6),
    };
  })();
  return { fragments, ...served, wholeDayInProcess: await inProcess(dir, day) };
}

async function overHttp(url: string, day: Day): Promise<Record<string, unknown>> {
  using client = new TimedClient(1);
  const hls = await repeated(() => hlsSession(client, url, day));
  const dash = await repeated(() => dashSession(client, url, day));
  const nine = await wholeDay(client, url, day);
  return { hls5000: hls, dash5000: dash, wholeDayInSessions: nine, listFragments: await listDay(url, day) };
}

type SessionTimes = { openMs: number; listMs: number; againMs: number; bytes: number };

/** A session of its own each time. `openMs` holds the SDK's own work. */
async function repeated(open: () => Promise<SessionTimes>): Promise<Record<string, unknown>> {
  const cold = await open();
  const times: SessionTimes[] = [];
  for (let round = 0; round < repeats; round++) times.push(await open());
  const median = (of: keyof SessionTimes) => rounded(medianOf(times.map(time => time[of])));
  return {
    first: { openMs: rounded(cold.openMs), listMs: rounded(cold.listMs) },
    ...{ openMs: median('openMs'), listMs: median('listMs'), againMs: median('againMs'), bytes: cold.bytes },
    longestListMs: rounded(Math.max(...times.map(({ listMs }) => listMs))),
  };
}

async function hlsSession(client: TimedClient, url: string, range: Range): Promise<SessionTimes> {
  const startMs = performance.now();
  const { HLSStreamingSessionURL: master = '' } = await archiveClient(url).send(
    new GetHLSStreamingSessionURLCommand({
      ...{ StreamName: dayStream, PlaybackMode: 'ON_DEMAND', MaxMediaPlaylistFragmentResults: maxFragments },
      HLSFragmentSelector: selector(range),
    }),
  );
  const openMs = performance.now() - startMs;
  const playlistUrl = new URL(lastLine((await client.get(master)).body), master).href;
  return { openMs, ...(await listed(client, playlistUrl)) };
}

async function dashSession(client: TimedClient, url: string, range: Range): Promise<SessionTimes> {
  const startMs = performance.now();
  const { DASHStreamingSessionURL: manifestUrl = '' } = await archiveClient(url).send(
    new GetDASHStreamingSessionURLCommand({
      ...{ StreamName: dayStream, PlaybackMode: 'ON_DEMAND', MaxManifestFragmentResults: maxFragments },
      DASHFragmentSelector: selector(range),
    }),
  );
  return { openMs: performance.now() - startMs, ...(await listed(client, manifestUrl)) };
}

async function listed(client: TimedClient, url: string): Promise<Omit<SessionTimes, 'openMs'>> {
  const first = await client.get(url);
  const again = await client.get(url);
  return { listMs: first.ms, againMs: again.ms, bytes: first.bytes };
}

async function wholeDay(client: TimedClient, url: string, { startMs, endMs }: Day): Promise<Record<string, unknown>> {
  const sessionMs = maxFragments * fragmentMs;
  const beganMs = performance.now();
  const times: SessionTimes[] = [];
  for (let fromMs = startMs; fromMs < endMs; fromMs += sessionMs)
    times.push(await hlsSession(client, url, { startMs: fromMs, endMs: Math.min(endMs, fromMs + sessionMs) - 1 }));
  const tookMs = performance.now() - beganMs;
  return {
    sessions: times.length,
    tookMs: rounded(tookMs),
    listMs: rounded(times.reduce((sum, { listMs }) => sum + listMs, 0)),
  };
}

async function listDay(url: string, range: Day): Promise<Record<string, unknown>> {
  const client = archiveClient(url);
  const ms: number[] = [];
  let fragments = 0;
  for (let NextToken: string | undefined; ; ) {
    const startMs = performance.now();
    const page = await client.send(
      new ListFragmentsCommand({
        ...{ StreamName: dayStream, MaxResults: 1000 },
        ...(NextToken ? { NextToken } : { FragmentSelector: selector(range) }),
      }),
    );
    ms.push(performance.now() - startMs);
    fragments += page.Fragments?.length ?? 0;
    NextToken = page.NextToken;
    if (NextToken === undefined) break;
  }
  const tookMs = ms.reduce((sum, each) => sum + each, 0);
  return {
    fragments,
    pages: ms.length,
    pageP50Ms: rounded(medianOf(ms)),
    pageP99Ms: rounded(quantileOf(ms, 0.99)),
    tookMs: rounded(tookMs),
  };
}

/** One session with all of the day, as the API does not allow it. */
async function inProcess(dir: string, range: Day): Promise<Record<string, unknown>> {
  const store = await Store.open({
    dataDir: dir,
    clock: systemClock,
    random: Math.random,
    onProblem: error => {
      throw error;
    },
  });
  try {
    const request = sessionRequest.parse({
      ...{ StreamName: dayStream, PlaybackMode: 'ON_DEMAND' },
      HLSFragmentSelector: {
        FragmentSelectorType: 'PRODUCER_TIMESTAMP',
        TimestampRange: { StartTimestamp: range.startMs / 1000, EndTimestamp: range.endMs / 1000 },
      },
    });
    const settings = {
      ...settingsOf(request, { retentionHours: 48, nowMs: Date.now() }),
      maxFragments: range.fragments,
    };
    const ms = { open: [] as number[], write: [] as number[] };
    let bytes = 0;
    for (let round = 0; round <= repeats; round++) {
      const startMs = performance.now();
      const { timeline } = openSession(dayStream, settings, { store, clock: systemClock });
      const openMs = performance.now();
      const written = { timeline, trackNumber: 1, token: 'x'.repeat(129), container: 'FRAGMENTED_MP4' } as const;
      bytes = Buffer.from(mediaPlaylist({ ...written, showTimestamps: false, onDemand: true, ended: true })).length;
      const endMs = performance.now();
      if (timeline.entries.length !== range.fragments) throw new Error(`${timeline.entries.length} are listed`);
      if (round === 0) continue;
      ms.open.push(openMs - startMs);
      ms.write.push(endMs - openMs);
    }
    return { openMs: rounded(medianOf(ms.open)), writeMs: rounded(medianOf(ms.write)), bytes };
  } finally {
    await store.close();
  }
}

type Range = { startMs: number; endMs: number };

function selector({ startMs, endMs }: Range) {
  const TimestampRange = { StartTimestamp: new Date(startMs), EndTimestamp: new Date(endMs) };
  return { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange } as const;
}

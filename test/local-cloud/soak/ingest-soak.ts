// Many cameras into the embedded server at once while viewers play them live: the server, the producers and the viewers are
// processes of their own. What was lost, how soon it was safe, what the viewers met, and what the server costs.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video';
import { ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { type Child, localCloud, node } from '../../../scripts/bench/child.ts';
import { rounded } from '../../../scripts/bench/quantiles.ts';
import { archiveClient, controlClient } from '../control-cloud.ts';
import { balanceOf, type IngestBalance, type ListedFragment, timeliness, viewing } from './accounting.ts';
import { readFootageLoop } from './footage-loop.ts';
import type { StreamReport } from './live-producer.ts';
import { ServerCosts, type ServerFigures } from './server-costs.ts';
import type { ViewerReport } from './viewer.ts';

export type IngestSoakOptions = {
  streams: number;
  viewers: number;
  seconds: number;
  /** A Matroska file of one H.264 track with a key frame every so many pictures. */
  recording: string;
  /** Empty; becomes the server's data folder. */
  dir: string;
};

export type IngestSoakFigures = {
  streams: number;
  seconds: number;
  megabitsPerSecondPerStream: number;
  fragments: IngestBalance;
  acknowledgements: ReturnType<typeof timeliness>;
  viewing: ReturnType<typeof viewing>;
  server: ServerFigures & { diskBytes: number };
  /** On the same machine, and not counted above. */
  load: { producersPercentOfCore: number; viewersPercentOfCore: number };
};

/** A live stream is playable when it has something; viewers of this soak begin a little behind, as people do. */
const fragmentsBeforeViewing = 3;
/** The server's code is still being compiled in the first seconds. */
const settleShare = 0.1;
const maxSettleMs = 20_000;
const maxSampleMs = 2_000;
const lastLineMs = 1_000;

/** Rejects when a process ends early or an answer is none. */
export async function soakIngest(options: IngestSoakOptions): Promise<IngestSoakFigures> {
  const { streams, viewers, seconds, recording, dir } = options;
  const loop = await readFootageLoop(recording);
  const fragments = Math.max(1, Math.floor((seconds * 1000) / loop.fragmentMs));
  await using server = await localCloud(dir);
  const url = server.readyText;
  const names = Array.from({ length: streams }, (_, index) => `camera-${index + 1}`);
  for (const StreamName of names)
    await controlClient(url).send(new CreateStreamCommand({ StreamName, DataRetentionInHours: 24 }));

  const producing = reporter<StreamReport>('producers.ts', [url, recording, names.join(), `${fragments}`]);
  await using producers = await producing.child;
  const beginDelayMs = (fragmentsBeforeViewing + 1) * loop.fragmentMs;
  await Promise.race([begun(url, names, loop.fragmentMs), producing.told()]);
  const watched = Array.from({ length: viewers }, (_, index) => names[index % names.length] ?? '');
  const watchSeconds = Math.max(1, seconds - beginDelayMs / 1000 - 1);
  const watching = reporter<ViewerReport>('viewers.ts', [url, recording, watched.join(), `${watchSeconds}`]);
  await using audience = await watching.child;
  await delay(Math.min(maxSettleMs, seconds * 1000 * settleShare));
  const costs = new ServerCosts(server.pid, Math.min(maxSampleMs, (seconds * 1000) / 20));
  const { reports: views, percentOfCore: viewersPercentOfCore } = await watching.told();
  const figures = await costs.figures();
  const { reports: sent, percentOfCore: producersPercentOfCore } = await producing.told();
  await Promise.all([producers.ended(), audience.ended()]);

  const acknowledged = timeliness(sent, loop.fragmentMs);
  const sentBytes = sent.flatMap(report => report.fragments).reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    streams,
    seconds,
    megabitsPerSecondPerStream: rounded((sentBytes * 8) / streams / fragments / loop.fragmentMs / 1000),
    fragments: balanceOf(sent, await listAll(url, names)),
    acknowledgements: acknowledged,
    viewing: viewing(views),
    server: { ...figures, diskBytes: await sizeOf(dir) },
    load: { producersPercentOfCore, viewersPercentOfCore },
  };
}

/** What must not happen, in words; nothing when all is well. */
export function breachesOf({ fragments, viewing: seen }: IngestSoakFigures): string[] {
  const counts = {
    lost: fragments.lost,
    unexpected: fragments.unexpected,
    'sent and not PERSISTED': fragments.sent - fragments.persisted,
    refusals: fragments.refusals.length,
    'answers refused to viewers': seen.failures.length,
    'fragments a viewer missed': seen.skipped,
    'playlists that went back': seen.wentBack,
    'places in a playlist that changed': seen.changed,
    'fragments of wrong pictures': seen.wrongBytes + seen.outOfOrder,
  };
  return Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
}

type Told<Report> = { reports: Report[]; percentOfCore: number };

/** A process that tells what it found as one line of JSON. */
function reporter<Report>(file: string, args: string[]): { child: Promise<Child>; told(): Promise<Told<Report>> } {
  const told = Promise.withResolvers<Told<Report>>();
  const child = node(join('test/local-cloud/soak', file), args, {
    ready: /^(producing|watching)$/,
    onLine(line) {
      if (!line.startsWith('{')) return;
      const { error, ...reports }: Told<Report> & { error?: string } = JSON.parse(line);
      if (error === undefined) told.resolve(reports);
      else told.reject(new Error(`${file}: ${error}`));
    },
  });
  told.promise.catch(() => undefined);
  // Its last line may be read after its exit is known.
  const ended = child.then(started => started.ended()).then(() => delay(lastLineMs));
  const silent = ended.then(() => Promise.reject(new Error(`${file} ended without a report`)));
  silent.catch(() => undefined);
  return { child, told: () => Promise.race([told.promise, silent]) };
}

/** Resolves when every stream has as much as viewers begin with. */
async function begun(url: string, names: readonly string[], fragmentMs: number): Promise<void> {
  const isPlayable = async () =>
    [...(await listAll(url, names)).values()].every(listed => listed.length >= fragmentsBeforeViewing);
  while (!(await isPlayable())) await delay(fragmentMs / 4);
}

async function listAll(url: string, names: readonly string[]): Promise<Map<string, ListedFragment[]>> {
  const client = archiveClient(url);
  const lists = new Map<string, ListedFragment[]>();
  for (const StreamName of names) {
    const listed: ListedFragment[] = [];
    const TimestampRange = { StartTimestamp: new Date(0), EndTimestamp: new Date(Date.now() + 60_000) };
    const FragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange } as const;
    for (let NextToken: string | undefined; ; ) {
      const page = await client.send(
        new ListFragmentsCommand({
          StreamName,
          MaxResults: 1000,
          ...(NextToken ? { NextToken } : { FragmentSelector }),
        }),
      );
      for (const { FragmentNumber = '', ProducerTimestamp, FragmentSizeInBytes = 0 } of page.Fragments ?? [])
        listed.push({
          number: FragmentNumber,
          timecodeMs: ProducerTimestamp?.getTime() ?? 0,
          bytes: FragmentSizeInBytes,
        });
      NextToken = page.NextToken;
      if (NextToken === undefined) break;
    }
    lists.set(StreamName, listed);
  }
  return lists;
}

async function sizeOf(dir: string): Promise<number> {
  const files = await readdir(dir, { recursive: true });
  const sizes = await Promise.all(files.map(async file => (await stat(join(dir, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

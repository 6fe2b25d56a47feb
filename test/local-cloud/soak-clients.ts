// Clients that keep an embedded server busy until it is killed: producers, readers, and somebody who changes settings. Each
// remembers what it was promised, and takes the end of a connection as it comes.
import { setTimeout as delay } from 'node:timers/promises';
import { writeHeader } from '../../agent/matroska/write.ts';
import { clusterOf, putMedia, type Recording, startMs } from './ingest-producer.ts';
import type { StreamLedger } from './kept-promises.ts';
import type { KilledServer } from './killed-server.ts';

/** Id and size: the server writes them anew. */
const clusterHeaderBytes = 5;
const stepMs = 2_000;

type Work = { server: KilledServer; stop: AbortSignal };

/** Sends fragments of one to all of the recording's pictures, as fast as they are taken or in real time. */
export async function produce(
  { server, stop }: Work,
  ledger: StreamLedger,
  { recording, pauseMs }: { recording: Recording; pauseMs: number },
): Promise<void> {
  const video = recording.tracks.filter(({ type }) => type === 'video');
  const pictures = recording.frames.filter(({ trackNumber }) => trackNumber === video[0]?.number);
  const producer = await putMedia(server.url, { stream: ledger.name, atMs: server.clock.nowMs() });
  const acknowledged = (async () => {
    for (let ack = await producer.next(); ack; ack = await producer.next()) {
      if (ack.EventType === 'ERROR') ledger.refused(ack.ErrorCode ?? '');
      if (ack.EventType !== 'PERSISTED') continue;
      ledger.acknowledge({ number: ack.FragmentNumber ?? '', timecodeMs: ack.FragmentTimecode ?? 0 });
    }
  })();
  let over = false;
  const ended = acknowledged.finally(() => {
    over = true;
  });
  await producer.send(writeHeader(video));
  while (!stop.aborted && !over) {
    const atMs = startMs + ledger.sent.size * stepMs;
    const frames = pictures.slice(0, 1 + (ledger.sent.size % pictures.length));
    const firstMs = frames[0]?.timecodeMs ?? 0;
    const moved = frames.map(frame => ({ ...frame, timecodeMs: frame.timecodeMs - firstMs + atMs }));
    const cluster = clusterOf(atMs, moved);
    ledger.willSend(atMs, cluster.subarray(clusterHeaderBytes), frames.length);
    await producer.send(cluster);
    await delay(pauseMs);
  }
  // Not ended properly: a server that is killed leaves its producers in the middle of it.
  await ended;
}

/** Reads a stream in one way after the other, wholly or not. Counts what is answered with a failure of the server. */
export async function read({ server, stop }: Work, StreamName: string): Promise<number> {
  let failures = 0;
  const selector = {
    FragmentSelectorType: 'PRODUCER_TIMESTAMP',
    TimestampRange: { StartTimestamp: startMs / 1000, EndTimestamp: startMs / 1000 + 3_600 },
  };
  const ways: [string, object][] = [
    ['/getMedia', { StreamName, StartSelector: { StartSelectorType: 'EARLIEST' } }],
    ['/getClip', { StreamName, ClipFragmentSelector: selector }],
    ['/getHLSStreamingSessionURL', { StreamName, PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: selector }],
    ['/listFragments', { StreamName, FragmentSelector: selector }],
  ];
  for (let turn = 0; !stop.aborted; turn++) {
    const [path, input] = ways[turn % ways.length] ?? ['', {}];
    try {
      const enough = AbortSignal.any([stop, AbortSignal.timeout(150)]);
      const answer = await server.call(path, input, enough);
      if (answer.status >= 500) failures++;
      if (path === '/getHLSStreamingSessionURL' && answer.status === 200)
        await play((await answer.json()) as { HLSStreamingSessionURL: string }, enough);
      else for await (const _ of answer.body ?? []);
    } catch {
      // It took its time, or the server went.
    }
    await delay(5);
  }
  return failures;
}

async function play({ HLSStreamingSessionURL: url }: { HLSStreamingSessionURL: string }, signal: AbortSignal) {
  for (const file of ['getHLSMasterPlaylist.m3u8', 'getHLSMediaPlaylist.m3u8', 'getMP4InitFragment.mp4'])
    await (await fetch(`${url.replace('getHLSMasterPlaylist.m3u8', file)}&TrackNumber=1`, { signal })).arrayBuffer();
}

/** What was promised of streams without media. */
export class SettingsLedger {
  /** The device name that was answered for, and the one asked for, of the stream `settings`. */
  current = 'd0';
  asked = 'd0';
  created = 0;
  /** By name: there, gone, or not known since the answer did not come. */
  readonly streams = new Map<string, 'there' | 'gone' | 'unknown'>();
}

/** Makes streams, changes one again and again, deletes every third. */
export async function change({ server, stop }: Work, ledger: SettingsLedger): Promise<void> {
  for (; !stop.aborted; await delay(20)) {
    const StreamName = `made-${++ledger.created}`;
    ledger.streams.set(StreamName, 'unknown');
    const made = await done(server, '/createStream', {
      StreamName,
      DataRetentionInHours: 2,
      Tags: { made: StreamName },
    });
    if (!made) return;
    ledger.streams.set(StreamName, 'there');
    const version = (await described(server, 'settings'))?.Version;
    ledger.asked = `d${ledger.created}`;
    const changed = { StreamName: 'settings', CurrentVersion: version, DeviceName: ledger.asked };
    if (!(await done(server, '/updateStream', changed))) return;
    ledger.current = ledger.asked;
    if (ledger.created % 3 > 0) continue;
    ledger.streams.set(StreamName, 'unknown');
    if (!(await done(server, '/deleteStream', made))) return;
    ledger.streams.set(StreamName, 'gone');
  }
}

type StreamInfo = { Version: string; DeviceName?: string; DataRetentionInHours: number };

async function described(server: KilledServer, StreamName: string): Promise<StreamInfo | undefined> {
  const answer = await server.call('/describeStream', { StreamName });
  return answer.status === 200 ? ((await answer.json()) as { StreamInfo: StreamInfo }).StreamInfo : undefined;
}

async function done(server: KilledServer, path: string, input: object): Promise<object | undefined> {
  const answer = await server.call(path, input);
  return answer.status === 200 ? ((await answer.json()) as object) : undefined;
}

/** How many promises about settings are not kept. @param newest streams to look at, beside those of an unknown state */
export async function countBroken(server: KilledServer, ledger: SettingsLedger, newest = Infinity): Promise<number> {
  const settings = await described(server, 'settings');
  let broken = [ledger.current, ledger.asked].includes(settings?.DeviceName ?? '') ? 0 : 1;
  ledger.current = settings?.DeviceName ?? ledger.current;
  for (const [index, [name, state]] of [...ledger.streams].entries()) {
    if (state !== 'unknown' && index < ledger.streams.size - newest) continue;
    const info = await described(server, name);
    if (state === (info ? 'gone' : 'there')) broken++;
    if (!info) {
      ledger.streams.set(name, 'gone');
      continue;
    }
    const answer = await server.call('/listTagsForStream', { StreamName: name });
    const { Tags } = (await answer.json()) as { Tags: Record<string, string> };
    if (info.DataRetentionInHours !== 2 || Tags.made !== name) broken++;
    ledger.streams.set(name, 'there');
  }
  return broken;
}

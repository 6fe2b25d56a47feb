// What the embedded server has promised to a soak's clients, and how much of it is true: what was PERSISTED is listed, on
// disk, what was sent, and plays; every stream is as it was last told to be.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { clusterHeader } from '../../agent/local-cloud/store/fragment-file.ts';
import { fragmentNumberParts } from '../../agent/local-cloud/store/fragment-number.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { probe } from './ingest-producer.ts';
import type { KilledServer } from './killed-server.ts';

const page = 1000;
/** Fragments asked for at once. */
const batch = 100;
/** A sweep of retention may fall between a look at the list and a look at the folder. */
const looks = 20;

export type Sent = { sha256: string; bytes: number; frames: number };
type Persisted = { number: string; timecodeMs: number };
type Listed = { FragmentNumber: string; FragmentSizeInBytes: number; ProducerTimestamp: number };

/** One stream's media, as its producers know it. */
export class StreamLedger {
  readonly name: string;
  readonly retentionMs: number;
  /** By the cluster's timecode; none is sent twice. */
  readonly sent = new Map<number, Sent>();
  readonly persisted: Persisted[] = [];
  /** The highest number that was acknowledged before the server was last started. */
  highest = '';
  backwards = 0;
  /** By the code of the ERROR that ended the session. */
  readonly refusals = new Map<string, number>();

  constructor(name: string, retentionHours: number) {
    this.name = name;
    this.retentionMs = retentionHours * 3_600_000;
  }

  /** @param body of the cluster, behind its header */
  willSend(timecodeMs: number, body: Uint8Array, frames: number): void {
    this.sent.set(timecodeMs, { sha256: sha256(body), bytes: body.length, frames });
  }

  acknowledge(persisted: Persisted): void {
    if (persisted.number <= (this.persisted.at(-1)?.number ?? '') || persisted.number <= this.highest) this.backwards++;
    this.persisted.push(persisted);
  }

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  /** The server starts anew: its numbers must go on above these. */
  restarted(): void {
    for (const { number } of this.persisted) if (number > this.highest) this.highest = number;
  }
}

export type Truth = {
  lost: number;
  changed: number;
  /** Listed at another time than they were sent for. */
  misplaced: number;
  /** Kept under two numbers, though sent once. */
  twice: number;
  unplayable: number;
  /** Files that are not listed, rows without a file, and files set aside as damaged. */
  indexOffDisk: number;
  unfinishedFiles: number;
  /** Kept without an acknowledgement that arrived: the connection was cut first. */
  unacknowledged: number;
  /** PERSISTED once, and older than the stream's retention. */
  expired: number;
};

/**
 * How much of the ledger is true now. Nobody may send meanwhile.
 * @param since look for fragments from this one of `persisted` on
 */
export async function audit(server: KilledServer, ledger: StreamLedger, since = 0): Promise<Truth> {
  const { listed, indexOffDisk, unfinishedFiles } = await agreed(server, ledger.name);
  const byNumber = new Map(listed.map(entry => [entry.FragmentNumber, entry]));
  const times = new Set(listed.map(({ ProducerTimestamp }) => ProducerTimestamp));
  const promised = ledger.persisted.slice(since).filter(({ number }) => !isExpired(server, ledger, number));
  const kept = promised.flatMap(entry => {
    const row = byNumber.get(entry.number);
    return row ? [{ ...entry, ...row }] : [];
  });
  const acknowledged = new Set(ledger.persisted.map(({ number }) => number));
  const last = kept.at(-1);
  return {
    expired: ledger.persisted.length - since - promised.length,
    lost: promised.length - kept.length,
    changed: await countChanged(server, ledger, kept),
    misplaced: kept.filter(({ timecodeMs, ProducerTimestamp }) => Math.round(ProducerTimestamp * 1000) !== timecodeMs)
      .length,
    twice: listed.length - times.size,
    unplayable: !last || (await plays(server, ledger.name, last, ledger.sent.get(last.timecodeMs))) ? 0 : 1,
    indexOffDisk,
    unfinishedFiles,
    unacknowledged: listed.filter(({ FragmentNumber }) => !acknowledged.has(FragmentNumber)).length,
  };
}

/** What is listed and what is in the folder, compared when no sweep came in between. */
async function agreed(server: KilledServer, stream: string) {
  const folder = join(server.dataDir, 'streams', folderName(stream));
  for (let look = 1; ; look++) {
    const before = await list(server, stream);
    const files = await readdir(folder);
    const listed = await list(server, stream);
    const known = new Set(listed.map(({ FragmentNumber }) => `${FragmentNumber}.mkv`));
    const odd = files.filter(file => file !== 'stream.json' && !known.has(file));
    const indexOffDisk = odd.length + [...known].filter(file => !files.includes(file)).length;
    if ((before.length === listed.length && indexOffDisk === 0) || look === looks)
      return { listed, indexOffDisk, unfinishedFiles: odd.filter(file => file.endsWith('.part')).length };
    await delay(50);
  }
}

async function list(server: KilledServer, StreamName: string): Promise<Listed[]> {
  const all: Listed[] = [];
  const range = { StartTimestamp: 0, EndTimestamp: 250_000_000_000 };
  const FragmentSelector = { FragmentSelectorType: 'SERVER_TIMESTAMP', TimestampRange: range };
  for (let NextToken: string | undefined; ; ) {
    const asked = NextToken === undefined ? { FragmentSelector } : { NextToken };
    const answer = await server.call('/listFragments', { StreamName, MaxResults: page, ...asked });
    if (answer.status !== 200) throw new Error(`ListFragments: ${answer.status} ${await answer.text()}`);
    const found = (await answer.json()) as { Fragments: Listed[]; NextToken?: string };
    all.push(...found.Fragments);
    if (found.NextToken === undefined) return all;
    NextToken = found.NextToken;
  }
}

/** Through the API, one answer for many fragments. How many are not as they were sent. */
async function countChanged(server: KilledServer, ledger: StreamLedger, wanted: readonly (Persisted & Listed)[]) {
  let changed = 0;
  for (let start = 0; start < wanted.length; start += batch) {
    const asked = wanted.slice(start, start + batch);
    const Fragments = asked.map(({ number }) => number);
    const answer = await server.call('/getMediaForFragmentList', { StreamName: ledger.name, Fragments });
    let rest = Buffer.from(await answer.arrayBuffer());
    for (const { number, timecodeMs, FragmentSizeInBytes: bytes } of asked) {
      if (answer.status !== 200 || !isAsSent(rest.subarray(0, bytes), number, ledger.sent.get(timecodeMs))) changed++;
      rest = rest.subarray(bytes);
    }
  }
  return changed;
}

/** A file is a prologue with its number, and the producer's cluster with its size told. */
function isAsSent(file: Buffer, number: string, sent: Sent | undefined): boolean {
  if (!sent || file.length <= sent.bytes) return false;
  const bodyAt = file.length - sent.bytes;
  const prologue = file.subarray(0, bodyAt);
  return (
    prologue.includes(number) &&
    prologue.subarray(-clusterHeader(0).length).equals(clusterHeader(sent.bytes)) &&
    sha256(file.subarray(bodyAt)) === sent.sha256
  );
}

async function plays(server: KilledServer, stream: string, { number }: Persisted, sent: Sent | undefined) {
  const path = join(server.dataDir, 'streams', folderName(stream), `${number}.mkv`);
  const { videoFrames, keyFrameFirst, errors } = await probe(path);
  return videoFrames === sent?.frames && keyFrameFirst && errors === '';
}

/** Retention may have removed it, or is about to. */
function isExpired(server: KilledServer, { retentionMs }: StreamLedger, number: string): boolean {
  const sweepMs = 120_000;
  const serverMs = fragmentNumberParts(number)?.serverMs ?? 0;
  return serverMs + retentionMs < server.clock.nowMs() + sweepMs;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

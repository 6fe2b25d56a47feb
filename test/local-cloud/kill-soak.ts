// An embedded server that is killed (SIGKILL) again and again while producers send, others read, settings change and
// retention deletes; sometimes its index is lost or damaged before it is started again. What came of every promise.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { damageIndex, type IndexDamage, indexDamages } from './index-damage.ts';
import { record } from './ingest-producer.ts';
import { audit, StreamLedger, type Truth } from './kept-promises.ts';
import { KilledServer } from './killed-server.ts';
import { change, countBroken, produce, read, SettingsLedger } from './soak-clients.ts';

/** An hour of retention takes two minutes, its sweeps come every two seconds; a signature is good for ten. */
const retainingSpeed = 30;
const mostMs = 900;

export type IngestKillFigures = Omit<Truth, 'expired'> & {
  kills: number;
  streams: number;
  persisted: number;
  /** Acknowledged under a number that is not above those before it. */
  backwards: number;
  /** PERSISTED fragments that retention has removed meanwhile, as it should. */
  removedByRetention: number;
  /** Streams that are not as they were last told to be, or not there, or there again. */
  settingsBroken: number;
  streamsMade: number;
  damages: Record<IndexDamage | 'none', number>;
  /** What the server said of failures of its own, and answers of 500. */
  problems: number;
  refusals: Record<string, number>;
  slowestStartMs: number;
};

/**
 * @param dir a folder for the server
 * @param speed of the server's time and its clients'; left out: so fast that retention deletes
 */
export async function soakIngestKills(options: {
  kills: number;
  dir: string;
  seed?: number;
  speed?: number;
}): Promise<IngestKillFigures> {
  const { kills, dir, seed = 1, speed = retainingSpeed } = options;
  const random = seededRandom(seed);
  const server = new KilledServer(join(dir, 'cloud'), speed);
  const recording = await record(1);
  const plans = [
    { ledger: new StreamLedger('fast-1', 1000), pauseMs: 0 },
    { ledger: new StreamLedger('fast-2', 1000), pauseMs: 0 },
    { ledger: new StreamLedger('live', 1000), pauseMs: 60 },
    { ledger: new StreamLedger('short', 1), pauseMs: 5 },
  ];
  const ledgers = plans.map(({ ledger }) => ledger);
  const settings = new SettingsLedger();
  const figures = noFigures(kills, ledgers.length);
  const add = (truth: Truth) => {
    for (const key of [
      'lost',
      'changed',
      'misplaced',
      'twice',
      'unplayable',
      'indexOffDisk',
      'unfinishedFiles',
    ] as const)
      figures[key] += truth[key];
  };
  await server.start();
  for (const { name, retentionMs } of ledgers)
    await server.call('/createStream', { StreamName: name, DataRetentionInHours: retentionMs / 3_600_000 });
  await server.call('/createStream', { StreamName: 'settings', DeviceName: 'd0' });
  try {
    for (let kill = 0; kill < kills; kill++) {
      const before = ledgers.map(({ persisted }) => persisted.length);
      const stop = new AbortController();
      const work = { server, stop: stop.signal };
      const workers = [
        ...plans.map(({ ledger, pauseMs }) => produce(work, ledger, { recording, pauseMs })),
        ...['fast-1', 'short', 'live'].map(stream => read(work, stream)),
        change(work, settings),
      ];
      const over = Promise.allSettled(workers);
      const progressed = () => ledgers.every(({ persisted }, index) => persisted.length > (before[index] ?? 0));
      for (let waitedMs = 0; !progressed() && waitedMs < 60_000; waitedMs += 5) await delay(5);
      await delay(random() * mostMs);
      await server.kill();
      stop.abort();
      for (const result of await over)
        figures.problems += result.status === 'fulfilled' ? Number(result.value ?? 0) : 0;
      for (const ledger of ledgers) ledger.restarted();
      const damage = indexDamages[kill % (2 * indexDamages.length)] ?? 'none';
      if (damage !== 'none') await damageIndex(join(server.dataDir, 'index.sqlite'), damage, random);
      figures.damages[damage]++;
      const beganMs = performance.now();
      await server.start();
      figures.slowestStartMs = Math.max(figures.slowestStartMs, Math.round(performance.now() - beganMs));
      for (const [index, ledger] of ledgers.entries()) add(await audit(server, ledger, before[index]));
      figures.settingsBroken += await countBroken(server, settings, 40);
    }
    for (const ledger of ledgers) {
      const truth = await audit(server, ledger);
      add({ ...truth, twice: 0, indexOffDisk: 0 });
      figures.unacknowledged += truth.unacknowledged;
      figures.removedByRetention += truth.expired;
      figures.persisted += ledger.persisted.length;
      figures.backwards += ledger.backwards;
      for (const [code, times] of ledger.refusals) figures.refusals[code] = (figures.refusals[code] ?? 0) + times;
    }
    figures.settingsBroken += await countBroken(server, settings);
    figures.streamsMade = settings.created;
    figures.problems += server.problems.length;
    return figures;
  } finally {
    await server.kill();
  }
}

function noFigures(kills: number, streams: number): IngestKillFigures {
  return {
    ...{ kills, streams, persisted: 0, lost: 0, changed: 0, misplaced: 0, twice: 0, backwards: 0, unplayable: 0 },
    ...{ indexOffDisk: 0, unfinishedFiles: 0, unacknowledged: 0, removedByRetention: 0 },
    ...{ settingsBroken: 0, streamsMade: 0, damages: { none: 0, deleted: 0, truncated: 0, overwritten: 0 } },
    ...{ problems: 0, refusals: {}, slowestStartMs: 0 },
  };
}

/** What must not be. */
export function breachesOf(figures: IngestKillFigures): string[] {
  const never = [
    'lost',
    'changed',
    'misplaced',
    'twice',
    'backwards',
    'unplayable',
    'indexOffDisk',
    'unfinishedFiles',
  ] as const;
  return [...never, 'settingsBroken' as const, 'problems' as const].flatMap(key =>
    figures[key] === 0 ? [] : [`${key}: ${figures[key]}`],
  );
}

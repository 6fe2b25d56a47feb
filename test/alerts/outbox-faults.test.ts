// What can happen to the outbox's file: a full disk, damage, another version, and growth.
import { closeSync, existsSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { runDeliveries } from '../../agent/alerts/deliver.ts';
import { cannotMount, SmallDisk } from '../fault-lab/mounts.ts';
import { factsOf, firing, frameMs, scene, scriptedSink, serverTrouble } from './scene.ts';

const noDisk = await cannotMount();

test.skipIf(noDisk)('a disk that is full loses no alert that was kept, and sends none twice', async () => {
  const disk = await SmallDisk.mount(1);
  onTestFinished(() => disk[Symbol.asyncDispose]());
  const { outbox, published, clock, facts, stop } = scene({ file: join(disk.path, 'alerts.sqlite') });
  onTestFinished(() => outbox[Symbol.dispose]());
  for (let count = 0; count < 3; count++) outbox.raise(firing(), ['webhook a']);
  const filler = join(disk.path, 'filler');
  fill(filler);
  // Within the room that the log of the database already has, more may still be kept.
  expect(() => {
    for (let count = 0; count < 1_000; count++) outbox.raise(firing({ ruleId: `rule-${count}` }), ['webhook b']);
  }).toThrow(expect.objectContaining({ code: 'disk-full' }));

  const sink = scriptedSink('webhook a', []);
  const other = scriptedSink('webhook b', []);
  const done = runDeliveries({ outbox, sinks: [sink, other], clock, random: () => 0.5, facts, signal: stop.signal });
  await clock.advance(20 * 60_000);
  expect(factsOf(published, 'alerts.failed').length).toBeGreaterThan(10);
  expect(new Set(sink.taken).size).toBe(sink.taken.length);

  rmSync(filler);
  await clock.advanceUntil(() => outbox.waiting('webhook a', 1).length + outbox.waiting('webhook b', 1).length === 0);
  expect(sink.taken).toEqual(['alert-1', 'alert-2', 'alert-3']);
  expect(sink.attempts + other.attempts).toBe(outbox.list({ limit: 10_000 }).length);
  stop.abort();
  await done;
  outbox[Symbol.dispose]();
});

function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(1_024));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    closeSync(descriptor);
  }
}

test('damage that shows while the agent runs does not keep alerts from being raised', () => {
  const { outbox, open, options, published } = scene();
  for (let count = 0; count < 200; count++) outbox.raise(firing({ ruleId: `rule-${count}` }), ['webhook a']);
  outbox[Symbol.dispose]();
  const descriptor = openSync(options.file, 'r+');
  // The first page stays: the file opens.
  writeSync(descriptor, Buffer.alloc(statSync(options.file).size - 4_096, 0xa5), 0, undefined, 4_096);
  closeSync(descriptor);

  const again = open();
  const raised = again.raise(firing(), ['webhook a']);
  expect(again.list({ limit: 10 })).toEqual([raised]);
  expect(factsOf(published, 'alerts.failed')).toMatchObject([{ error: { kind: 'data-loss' } }]);
  expect(existsSync(join(dirname(options.file), 'alerts-damaged.sqlite'))).toBe(true);
});

test('a file that another process holds is not set aside', () => {
  const { options, open, outbox } = scene();
  outbox[Symbol.dispose]();
  using locked = new DatabaseSync(options.file);
  locked.exec('BEGIN EXCLUSIVE');
  expect(open).toThrow(expect.objectContaining({ code: 'disk-failed', kind: 'unavailable' }));
  locked.exec('ROLLBACK');
  expect(open().list({ limit: 1 })).toEqual([]);
  expect(existsSync(join(dirname(options.file), 'alerts-damaged.sqlite'))).toBe(false);
});

test('an alert that cannot be read hides and holds back no other', () => {
  const { outbox, options, published } = scene();
  for (let count = 0; count < 3; count++) outbox.raise(firing(), ['webhook a']);
  using database = new DatabaseSync(options.file);
  database.exec(`UPDATE alert SET kind = 'of-the-future' WHERE id = 'alert-1'`);
  expect(outbox.list({ limit: 10 }).map(({ id }) => id)).toEqual(['alert-3', 'alert-2']);
  expect(outbox.waiting('webhook a', 1).map(({ alert }) => alert.id)).toEqual(['alert-2']);
  expect(factsOf(published, 'alert.delivery')).toMatchObject([{ alertId: 'alert-1', state: 'dead' }]);
});

test('the outbox of an older agent is taken over with what waits in it', () => {
  const { options, outbox, open } = scene();
  outbox.raise(firing(), ['webhook a']);
  outbox.settle('webhook a', [
    {
      ...{ alertId: 'alert-1', triedMs: frameMs, tookMs: 5 },
      settlement: { state: 'waiting', atMs: frameMs + 5_000, error: serverTrouble },
    },
  ]);
  outbox[Symbol.dispose]();
  using database = new DatabaseSync(options.file);
  database.exec(`DROP TABLE attempt; DROP INDEX delivery_state; DROP INDEX delivery_tried; ALTER TABLE delivery DROP COLUMN forgiven;
    PRAGMA user_version = 2;`);
  database.close();
  const again = open();
  expect(again.waiting('webhook a', 1)).toMatchObject([{ alert: { id: 'alert-1' }, attempts: 1 }]);
  expect(again.alert('alert-1')).toMatchObject({ attempts: [], alert: { deliveries: [{ attempts: 1 }] } });
});

test('the file stays within its bytes, and what goes first has been delivered', () => {
  const maxBytes = 256 * 1024;
  const { outbox, options, clock, published } = scene({ maxBytes });
  const why = 'Person '.repeat(300);
  for (let count = 1; count <= 400; count++) {
    const { id: alertId } = outbox.raise(firing({ why, atMs: frameMs + count }), ['webhook a']);
    const settlement = { state: 'delivered', atMs: clock.nowMs() } as const;
    if (count > 20) outbox.settle('webhook a', [{ alertId, triedMs: clock.nowMs(), tookMs: 1, settlement }]);
  }
  const kept = outbox.list({ limit: 10_000 }).map(({ id }) => id);
  expect(kept.length).toBeGreaterThan(50);
  expect(kept.length).toBeLessThan(120);
  expect(kept[0]).toBe('alert-400');
  // The twenty that still wait are all there.
  expect(outbox.waiting('webhook a', 100).map(({ alert }) => alert.id)).toEqual(
    Array.from({ length: 20 }, (_, index) => `alert-${index + 1}`),
  );
  expect(factsOf(published, 'alert.delivery')).toEqual([]);
  outbox[Symbol.dispose]();
  expect(statSync(options.file).size).toBeLessThan(maxBytes * 1.2);
});

test('an alert that is larger than all the room is kept until the next', () => {
  const { outbox } = scene({ maxBytes: 64 * 1024 });
  const why = 'x'.repeat(200_000);
  for (let count = 0; count < 3; count++) outbox.raise(firing({ why }), ['webhook a']);
  expect(outbox.list({ limit: 10 }).map(({ id }) => id)).toEqual(['alert-3']);
});

test('of the attempts of a delivery the newest are kept', () => {
  const { outbox } = scene();
  outbox.raise(firing(), ['webhook a']);
  for (let number = 1; number <= 50; number++) {
    const settlement = { state: 'waiting', atMs: frameMs, error: serverTrouble } as const;
    outbox.settle('webhook a', [
      { alertId: 'alert-1', triedMs: frameMs + number, tookMs: number, answer: `500 no. ${number}`, settlement },
    ]);
  }
  const { attempts = [], alert } = outbox.alert('alert-1') ?? {};
  expect(alert?.deliveries).toMatchObject([{ attempts: 50 }]);
  expect(attempts.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, index) => index + 31));
  expect(attempts[0]).toEqual({
    ...{ destination: 'webhook a', number: 31, atMs: frameMs + 31, tookMs: 31, outcome: 'waiting' },
    ...{ problem: serverTrouble.message, answer: '500 no. 31' },
  });
});

test('how an attempt ended at an alert that had to go meanwhile is no error', () => {
  const { outbox } = scene({ maxAlerts: 1 });
  outbox.raise(firing(), ['webhook a']);
  outbox.raise(firing(), ['webhook a']);
  const settlement = { state: 'delivered', atMs: frameMs } as const;
  outbox.settle('webhook a', [{ alertId: 'alert-1', triedMs: frameMs, tookMs: 1, settlement }]);
  expect(outbox.alert('alert-1')).toBeUndefined();
  expect(outbox.waiting('webhook a', 9)).toHaveLength(1);
});

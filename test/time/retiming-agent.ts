// A process that gives provisional recordings their right times, and is killed before its n-th change of the disk or the
// index. Prints what it did when it was not killed.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { firstTrueMs } from '../../agent/time/provisional-time.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const [dir = '', byMs = '0', killAt = '0'] = process.argv.slice(2);
let changes = 0;
let armed = false;

function countChanges(owner: object, names: string[]): void {
  for (const name of names) {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== 'function') throw new Error(`${name} is not there to be watched`);
    const watched = function (this: unknown, ...given: unknown[]): unknown {
      if (armed && ++changes === Number(killAt)) process.kill(process.pid, 'SIGKILL');
      return Reflect.apply(original, this, given);
    };
    Reflect.set(owner, name, watched);
  }
}

const file = await fs.promises.open(import.meta.filename);
countChanges(Object.getPrototypeOf(file), ['write', 'writeFile', 'sync', 'datasync']);
await file.close();
countChanges(fs.promises, ['rename', 'rm']);
countChanges(fs, ['renameSync']);
countChanges(StatementSync.prototype, ['run']);
countChanges(DatabaseSync.prototype, ['exec']);
syncBuiltinESMExports();

const { Facts } = await import('../../agent/facts.ts');
const { Spool } = await import('../../agent/spool/spool.ts');
const facts = new Facts(error => {
  throw error;
});
const clock = new SimulatedClock();
const spool = await Spool.open({ dir, maxBytes: 1e9, provisionalBeforeMs: firstTrueMs, clock, facts });
armed = true;
const left = await spool.retime(Number(byMs));
armed = false;
await spool[Symbol.asyncDispose]();
process.stdout.write(JSON.stringify({ left, changes }));

// Everything rules have to remember on disk, in one file: snoozes, reasons, running counts, and what they were shown.
import type { Clock } from '../../clock.ts';
import { FrameLog } from './frame-log.ts';
import { PeriodBook } from './period-book.ts';
import { RuleDatabase } from './rule-database.ts';
import { Snoozes } from './snoozes.ts';
import { WhyLog } from './why-log.ts';

export class RuleMemoryStore implements Disposable {
  readonly snoozes: Snoozes;
  readonly whys: WhyLog;
  readonly frames: FrameLog;
  readonly periods: PeriodBook;
  readonly #database: RuleDatabase;

  /** `dataDir` is made when missing; with `readOnly` all of it has to be there. @throws AgentError `disk-*` */
  constructor({ dataDir, clock, readOnly = false }: { dataDir: string; clock: Clock; readOnly?: boolean }) {
    const database = new RuleDatabase(dataDir, { readOnly });
    this.#database = database;
    this.snoozes = new Snoozes(database, clock);
    this.whys = new WhyLog({ database, clock });
    this.frames = new FrameLog({ database, clock });
    this.periods = new PeriodBook(database);
  }

  /** Writes what waits. @throws AgentError `disk-*` */
  flush(): void {
    this.whys.flush();
    this.frames.flush();
  }

  /** Writes what waits, as far as the disk takes it. */
  [Symbol.dispose](): void {
    try {
      this.flush();
    } catch {
      // Nobody is there any more who could be told; reasons of the last seconds are lost.
    }
    this.#database[Symbol.dispose]();
  }
}

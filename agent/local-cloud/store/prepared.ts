// A database whose statements are compiled once, however often they are asked for by their text.
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

export class PreparedDatabase {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #selections = new Map<string, StatementSync>();

  /** Becomes the owner of `db`. */
  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** The same statement for the same text. */
  prepare(sql: string): StatementSync {
    return this.#find(this.#statements, sql);
  }

  /** Rows as arrays, in the order of the columns: they take half the time of objects. */
  rows(sql: string, ...values: SQLInputValue[]): SQLOutputValue[][] {
    const statement = this.#find(this.#selections, sql);
    statement.setReturnArrays(true);
    // The declared type knows of objects only.
    const rows: unknown = statement.all(...values);
    return rows as SQLOutputValue[][];
  }

  close(): void {
    this.#db.close();
  }

  #find(known: Map<string, StatementSync>, sql: string): StatementSync {
    let statement = known.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      known.set(sql, statement);
    }
    return statement;
  }
}

// Loaded before the agent: a machine whose clock began at zero when the process did, as on a board without a battery.
const RealDate = Date;
const startedMs = RealDate.now();

class WrongDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(WrongDate.now());
    else super(given[0]);
  }

  static override now(): number {
    return RealDate.now() - startedMs;
  }
}

Reflect.set(globalThis, 'Date', WrongDate);

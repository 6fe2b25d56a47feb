// A clock that is wrong and then right: the agent's own trust in time, with the service's Date header as its only witness.
import { type Clock, systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { ClockWatch } from '../../agent/time/clock-watch.ts';
import type { NtpProbe } from '../../agent/time/ntp.ts';
import { TrueTimes } from '../../agent/time/true-times.ts';
import { TrustedClock } from '../../agent/time/trusted-clock.ts';
import type { AgentParts } from './agent-parts.ts';
import { type LabSize, type Outcome, patienceMs, type Scenario, until } from './scenario.ts';
import { cameraId, nowMs, Site } from './site.ts';

const hourMs = 3_600_000;
/** A picture that a busy machine takes up late is stamped late: by far less than the clock was wrong. */
const stampToleranceMs = 60_000;

type ClockFault = { name: string; wrongByMs: number /** Whether it was right before. */; bootsWrong: boolean };

const rows: readonly ClockFault[] = [
  { name: 'clock boots in 1970, later right', wrongByMs: -systemClock.nowMs(), bootsWrong: true },
  { name: 'clock jumps −1 h, later right', wrongByMs: -hourMs, bootsWrong: false },
  { name: 'clock jumps +1 h, later right', wrongByMs: hourMs, bootsWrong: false },
];

export const clockScenarios: readonly Scenario[] = rows.map(row => ({ name: row.name, run: size => run(row, size) }));

/** No daemon sets this machine's clock. */
const noNtp: NtpProbe = { run: async () => undefined, exists: async () => false };

class ShiftedClock implements Clock {
  shiftMs: number;

  constructor(shiftMs: number) {
    this.shiftMs = shiftMs;
  }

  nowMs = () => systemClock.nowMs() + this.shiftMs;
  monotonicMs = () => systemClock.monotonicMs();
  sleep = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms, signal);
  after = (ms: number, callback: () => void) => systemClock.after(ms, callback);
}

/** The device's clock as main.ts makes it, over a machine whose clock can be set. */
class Timekeeping implements AsyncDisposable {
  readonly machine: ShiftedClock;
  readonly clock: TrustedClock;
  readonly #stop = new AbortController();
  readonly #trueTimes = Promise.withResolvers<TrueTimes>();
  readonly #work: Promise<void>[];

  constructor(url: string, shiftMs: number) {
    this.machine = new ShiftedClock(shiftMs);
    this.clock = new TrustedClock(this.machine);
    const facts = new Facts(() => undefined);
    const { signal } = this.#stop;
    this.#work = [new ClockWatch({ clock: this.clock, ntp: noNtp, url, facts, signal }).run()];
  }

  readonly awaitTrust = async (signal: AbortSignal) => (await this.#trueTimes.promise).awaitTrust(signal);

  correct({ spool }: AgentParts): void {
    const trueTimes = new TrueTimes({ clock: this.clock, spool, signal: this.#stop.signal });
    this.#trueTimes.resolve(trueTimes);
    this.#work.push(trueTimes.run());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#work);
  }
}

/** A clock that boots wrong stays in doubt as long as the service is away; one that jumps was trusted before. */
async function run({ wrongByMs, bootsWrong }: ClockFault, size: LabSize): Promise<Outcome> {
  await using site = await Site.open(size);
  if (bootsWrong) site.cloud.faults.put([{ fault: 'refuse' }]);
  const time = new Timekeeping(site.cloud.url, bootsWrong ? wrongByMs : 0);
  if (!bootsWrong) await until('the clock is trusted', () => time.clock.state().trusted, patienceMs[size]);
  await using pipeline = await site.start({ clock: time.clock, awaitTrust: time.awaitTrust });
  await using timekeeping = time;
  timekeeping.correct(pipeline.parts);
  if (!bootsWrong) await site.running(pipeline);
  const beganMs = nowMs();
  const putMediaBefore = site.putMediaRequests;
  time.machine.shiftMs = wrongByMs;
  await systemClock.sleep(size === 'short' ? 4000 : 20_000);
  time.machine.shiftMs = 0;
  site.cloud.faults.clear();
  const overMs = nowMs();
  const attempts = site.putMediaRequests - putMediaBefore;
  const recoveryMs = await site.recovery(pipeline, overMs);
  await site.drain(pipeline);
  const stampErrorMs = site.ledger.worstStampErrorMs(await site.cloud.fragments(cameraId));
  if (stampErrorMs > stampToleranceMs) throw new Error(`A picture is stamped ${stampErrorMs} ms off its true time`);
  return { ...(await site.balance()), faultMs: overMs - beganMs, attempts, recoveryMs };
}

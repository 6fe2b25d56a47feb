// Cameras that restart, or whose network is cut, again and again: how soon they are recorded again, and whether the agent
// holds afterwards what it held before. Each camera has breaks of its own; all cameras run at the same time.
import { isDeepStrictEqual } from 'node:util';
import { type Clock, systemClock } from '../../agent/clock.ts';
import type { SourceTimings } from '../../agent/source/rtsp-camera.ts';
import { quantileOf } from '../../scripts/bench/quantiles.ts';
import { makeFootage } from '../../scripts/scripted-camera/footage.ts';
import { ScriptedCamera } from '../../scripts/scripted-camera/scripted-camera.ts';
import { makeSound } from '../../scripts/scripted-camera/sound.ts';
import { CuttableNetwork } from './cuttable-network.ts';
import { type Holdings, holdings } from './holdings.ts';
import { Recording } from './recording.ts';

export type Breaks = {
  kind: 'restart' | 'cut';
  /** In all. */
  times: number;
  cameras: number;
  /** How long a camera, or its network, is away. */
  awayMs: number;
};

/** `waiting`: how many wait on it, when the process does not know them. */
type SoakClock = Clock & { waiting?: number };

export type CameraSoakOptions = {
  breaks: readonly Breaks[];
  timings: Partial<SourceTimings>;
  /** A camera films undisturbed for so long before each break. */
  undisturbedMs: number;
  /** Of the agent and of the cameras. */
  clock?: SoakClock;
};

export type BreakFigures = Breaks & {
  /** From the moment from which the camera can be reached again to the first picture recorded. */
  recoveryMs: { p50: number; p99: number; longest: number };
  pictures: { sent: number; recorded: number; missingOutsideBreaks: number; twice: number };
};

export type CameraSoakFigures = { breaks: BreakFigures[]; before: Holdings; after: Holdings };

const recoveryPatienceMs = 60_000;
/** What ends with a connection may take so many looks to be gone. */
const looksAfterwards = 10;
/** Pictures on their way when a connection breaks. */
const onTheirWay = 25;

/** Rejects when a camera is not recorded again within a minute. */
export async function soakCameras(options: CameraSoakOptions): Promise<CameraSoakFigures> {
  const { breaks, timings, undisturbedMs } = options;
  const clock: SoakClock = options.clock ?? systemClock;
  await using stack = new AsyncDisposableStack();
  const parties = await Promise.all(
    breaks.map(async plan => {
      const cameras = Math.min(plan.cameras, plan.times);
      const lines = await Promise.all(Array.from({ length: cameras }, () => Line.start(plan.kind, { timings, clock })));
      for (const line of lines) stack.use(line);
      return { plan: { ...plan, cameras }, lines };
    }),
  );
  await Promise.all(parties.flatMap(({ lines }) => lines.map(line => line.recordsFrom(0))));
  await clock.sleep(undisturbedMs);
  const before = await holdings(clock);
  const recoveries = await Promise.all(
    parties.map(({ plan, lines }) =>
      Promise.all(lines.map((line, index) => line.endure(shareOf(plan, index), plan.awayMs, undisturbedMs))),
    ),
  );
  await clock.sleep(undisturbedMs);
  const after = await holdingsLike(before, () => holdings(clock));
  const figures = parties.map(({ plan, lines }, index) => {
    const all = (recoveries[index] ?? []).flat().map(Math.round);
    const recoveryMs = { p50: quantileOf(all, 0.5), p99: quantileOf(all, 0.99), longest: Math.max(...all) };
    return { ...plan, recoveryMs, pictures: sum(lines.map(line => line.pictures())) };
  });
  return { breaks: figures, before, after };
}

/** The first look at which as much is held as before, or the last one. */
async function holdingsLike(before: Holdings, look: () => Promise<Holdings>): Promise<Holdings> {
  const counted = ({ processes, descriptors, timers }: Holdings) => ({ processes, descriptors, timers });
  let now = await look();
  for (let looks = 1; looks < looksAfterwards && !isDeepStrictEqual(counted(now), counted(before)); looks++) {
    now = await look();
  }
  return now;
}

/** How many of the breaks are one camera's. */
function shareOf({ times, cameras }: Breaks, index: number): number {
  return Math.floor(times / cameras) + (index < times % cameras ? 1 : 0);
}

type Pictures = BreakFigures['pictures'];

type LineParts = { camera: ScriptedCamera; network: CuttableNetwork; recording: Recording };
type LineOptions = { timings: Partial<SourceTimings>; clock: Clock };

/** A camera, the network to it, and the agent's recording of it. */
class Line implements AsyncDisposable {
  readonly #camera: ScriptedCamera;
  readonly #network: CuttableNetwork;
  readonly #recording: Recording;
  readonly #kind: Breaks['kind'];
  readonly #clock: Clock;
  /** Numbers that a break may have cost. */
  readonly #excused: [from: number, to: number][] = [];

  private constructor(kind: Breaks['kind'], clock: Clock, parts: LineParts) {
    this.#kind = kind;
    this.#clock = clock;
    this.#camera = parts.camera;
    this.#network = parts.network;
    this.#recording = parts.recording;
  }

  static async start(kind: Breaks['kind'], { timings, clock }: LineOptions): Promise<Line> {
    const [footage, sound] = [await makeFootage(), await makeSound('aac')];
    const camera = await ScriptedCamera.start({ footage, sound, time: clock });
    const network = await CuttableNetwork.to(camera.port);
    const port = kind === 'cut' ? network.port : camera.port;
    const url = camera.url.replace(String(camera.port), String(port));
    return new Line(kind, clock, { camera, network, recording: new Recording({ camera: { url }, timings, clock }) });
  }

  /** Resolves with the first number from `ordinal` on that is recorded. */
  async recordsFrom(ordinal: number): Promise<number> {
    const deadlineMs = this.#clock.monotonicMs() + recoveryPatienceMs;
    for (;;) {
      const { pictures } = this.#recording;
      if ((pictures.at(-1)?.ordinal ?? -1) >= ordinal) {
        return pictures.find(picture => picture.ordinal >= ordinal)?.ordinal ?? ordinal;
      }
      if (this.#clock.monotonicMs() > deadlineMs)
        throw new Error(`It did not recover: ${this.#recording.codes.slice(-3)}`);
      await this.#clock.sleep(5);
    }
  }

  /** @returns how long each recovery took, in milliseconds */
  async endure(times: number, awayMs: number, undisturbedMs: number): Promise<number[]> {
    const recoveries: number[] = [];
    for (let time = 0; time < times; time++) {
      // By chance a little more, so that cameras do not break in step.
      await this.#clock.sleep(undisturbedMs * (1 + Math.random() / 2));
      const lastBefore = this.#camera.sent.at(-1) ?? 0;
      await this.#break(awayMs);
      const backAtMs = this.#clock.monotonicMs();
      const firstAfter = await this.recordsFrom((this.#camera.sent.at(-1) ?? 0) + 1);
      recoveries.push(this.#clock.monotonicMs() - backAtMs);
      this.#excused.push([lastBefore - onTheirWay, firstAfter - 1]);
    }
    return recoveries;
  }

  async #break(awayMs: number): Promise<void> {
    if (this.#kind === 'restart') {
      await this.#camera.reboot(awayMs);
      return;
    }
    this.#network.cut();
    await this.#clock.sleep(awayMs);
    this.#network.mend();
  }

  pictures(): Pictures {
    const recorded = this.#recording.ordinals;
    const distinct = new Set(recorded);
    const missing = this.#camera.sent.slice(0, -onTheirWay).filter(ordinal => !distinct.has(ordinal));
    const isExcused = (ordinal: number) => this.#excused.some(([from, to]) => ordinal >= from && ordinal <= to);
    return {
      sent: this.#camera.sent.length,
      recorded: recorded.length,
      missingOutsideBreaks: missing.filter(ordinal => !isExcused(ordinal)).length,
      twice: recorded.length - distinct.size,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#recording[Symbol.asyncDispose]();
    await this.#network[Symbol.asyncDispose]();
    await this.#camera[Symbol.asyncDispose]();
  }
}

function sum(all: readonly Pictures[]): Pictures {
  const total = { sent: 0, recorded: 0, missingOutsideBreaks: 0, twice: 0 };
  for (const key of ['sent', 'recorded', 'missingOutsideBreaks', 'twice'] as const) {
    total[key] = all.reduce((added, pictures) => added + pictures[key], 0);
  }
  return total;
}

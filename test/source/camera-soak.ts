// Cameras that restart, or whose network is cut, again and again: how soon they are recorded again, and whether the agent
// holds afterwards what it held before. Each camera has breaks of its own; all cameras run at the same time.
import { setTimeout as delay } from 'node:timers/promises';
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

export type CameraSoakOptions = {
  breaks: readonly Breaks[];
  timings: Partial<SourceTimings>;
  /** A camera films undisturbed for so long before each break. */
  undisturbedMs: number;
};

export type BreakFigures = Breaks & {
  /** From the moment from which the camera can be reached again to the first picture recorded. */
  recoveryMs: { p50: number; p99: number; longest: number };
  pictures: { sent: number; recorded: number; missingOutsideBreaks: number; twice: number };
};

export type CameraSoakFigures = { breaks: BreakFigures[]; before: Holdings; after: Holdings };

const recoveryPatienceMs = 60_000;
/** Pictures on their way when a connection breaks: a second on a busy machine. */
const onTheirWay = 25;

/** Rejects when a camera is not recorded again within a minute. */
export async function soakCameras({ breaks, timings, undisturbedMs }: CameraSoakOptions): Promise<CameraSoakFigures> {
  await using stack = new AsyncDisposableStack();
  const parties = await Promise.all(
    breaks.map(async plan => {
      const cameras = Math.min(plan.cameras, plan.times);
      const lines = await Promise.all(Array.from({ length: cameras }, () => Line.start(plan.kind, timings)));
      for (const line of lines) stack.use(line);
      return { plan: { ...plan, cameras }, lines };
    }),
  );
  await Promise.all(parties.flatMap(({ lines }) => lines.map(line => line.recordsFrom(0))));
  await delay(undisturbedMs);
  const before = await holdings();
  const recoveries = await Promise.all(
    parties.map(({ plan, lines }) =>
      Promise.all(lines.map((line, index) => line.endure(shareOf(plan, index), plan.awayMs, undisturbedMs))),
    ),
  );
  await delay(undisturbedMs);
  const after = await holdings();
  const figures = parties.map(({ plan, lines }, index) => {
    const all = (recoveries[index] ?? []).flat().map(Math.round);
    const recoveryMs = { p50: quantileOf(all, 0.5), p99: quantileOf(all, 0.99), longest: Math.max(...all) };
    return { ...plan, recoveryMs, pictures: sum(lines.map(line => line.pictures())) };
  });
  return { breaks: figures, before, after };
}

/** How many of the breaks are one camera's. */
function shareOf({ times, cameras }: Breaks, index: number): number {
  return Math.floor(times / cameras) + (index < times % cameras ? 1 : 0);
}

type Pictures = BreakFigures['pictures'];

/** A camera, the network to it, and the agent's recording of it. */
class Line implements AsyncDisposable {
  readonly #camera: ScriptedCamera;
  readonly #network: CuttableNetwork;
  readonly #recording: Recording;
  readonly #kind: Breaks['kind'];
  /** Numbers that a break may have cost. */
  readonly #excused: [from: number, to: number][] = [];

  private constructor(kind: Breaks['kind'], camera: ScriptedCamera, network: CuttableNetwork, recording: Recording) {
    this.#kind = kind;
    this.#camera = camera;
    this.#network = network;
    this.#recording = recording;
  }

  static async start(kind: Breaks['kind'], timings: Partial<SourceTimings>): Promise<Line> {
    const camera = await ScriptedCamera.start({ footage: await makeFootage(), sound: await makeSound('aac') });
    const network = await CuttableNetwork.to(camera.port);
    const port = kind === 'cut' ? network.port : camera.port;
    const url = camera.url.replace(String(camera.port), String(port));
    return new Line(kind, camera, network, new Recording({ camera: { url }, timings }));
  }

  /** Resolves with the first number from `ordinal` on that is recorded. */
  async recordsFrom(ordinal: number): Promise<number> {
    const deadlineMs = performance.now() + recoveryPatienceMs;
    for (;;) {
      const { pictures } = this.#recording;
      if ((pictures.at(-1)?.ordinal ?? -1) >= ordinal) {
        return pictures.find(picture => picture.ordinal >= ordinal)?.ordinal ?? ordinal;
      }
      if (performance.now() > deadlineMs) throw new Error(`It did not recover: ${this.#recording.codes.slice(-3)}`);
      await delay(5);
    }
  }

  /** @returns how long each recovery took, in milliseconds */
  async endure(times: number, awayMs: number, undisturbedMs: number): Promise<number[]> {
    const recoveries: number[] = [];
    for (let time = 0; time < times; time++) {
      // By chance a little more, so that cameras do not break in step.
      await delay(undisturbedMs * (1 + Math.random() / 2));
      const lastBefore = this.#camera.sent.at(-1) ?? 0;
      await this.#break(awayMs);
      const backAtMs = performance.now();
      const firstAfter = await this.recordsFrom((this.#camera.sent.at(-1) ?? 0) + 1);
      recoveries.push(performance.now() - backAtMs);
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
    await delay(awayMs);
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

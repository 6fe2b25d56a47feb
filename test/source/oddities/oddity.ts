// One row of the table of stream oddities: a scripted camera that behaves in one odd way, what the agent makes of it, and how
// that is measured: every picture that was sent is recorded, or it is named here and its loss is told.
import type { SourceCamera } from '../../../agent/source/camera-source.ts';
import type { SourceTimings } from '../../../agent/source/rtsp-camera.ts';
import { type FootageOptions, makeFootage } from '../../../scripts/scripted-camera/footage.ts';
import { ScriptedCamera, type ScriptedCameraOptions } from '../../../scripts/scripted-camera/scripted-camera.ts';
import { makeSound, type SoundCodec } from '../../../scripts/scripted-camera/sound.ts';
import { UnhurriedClock } from '../../unhurried-clock.ts';
import { fasterClock } from '../faster-clock.ts';
import { Recording } from '../recording.ts';

export type Oddity = {
  /** Columns of the table in docs/cameras.md. */
  camera: string;
  agent: string;
  /** Codes of what the owner reads, in order. */
  reads: string[];
  film?: FootageOptions;
  sound?: SoundCodec;
  /** The camera's oddity. */
  does?: () => Partial<ScriptedCameraOptions> | Promise<Partial<ScriptedCameraOptions>>;
  /** Of the address in the agent's settings. Default: the camera's own. */
  path?: string;
  agentCamera?: Partial<SourceCamera>;
  timings?: Partial<SourceTimings>;
  /** How many times faster than real time all of it happens. */
  speed?: number;
  /** The camera stops after so many. Default: 50. 0: none ever comes. */
  pictures?: number;
  /** Pictures that cannot be recorded; each is told, or was never whole. */
  notRecorded?: readonly number[];
  /** The camera takes one picture more, which shows that the last one is whole, and which may be recorded itself. */
  pictureAfterwards?: boolean;
  /** How many of the codes show only when the recording ends. */
  codesAtTheEnd?: number;
  /** Longest time between two recorded pictures. Default: 400 ms. */
  longestGapMs?: number;
  /** The camera stops when this is so, instead of after a number of pictures. */
  until?: (recording: Recording) => boolean;
  check?: (outcome: Outcome) => void;
};

export type Outcome = { recording: Recording; camera: ScriptedCamera };

/** So long after its start a row is looked at as it is. */
const patienceMs = 30_000;
const shortestHoleMs = 500;
/** Pictures between camera and agent when a connection ends. */
const onTheirWay = 25;
/** What a table row may still be doing when all it should bring is there. */
const settleMs = 200;

/**
 * Lets the camera play until all that should be recorded is. Both are at their end when it resolves. Camera and agent live by
 * one clock, on which nobody is late because the machine is busy.
 */
export async function run(oddity: Oddity): Promise<Outcome> {
  const { pictures = 50, speed = 1, reads, timings = {}, codesAtTheEnd = 0 } = oddity;
  const footage = await makeFootage(oddity.film);
  const sound = oddity.sound && (await makeSound(oddity.sound));
  const does = await oddity.does?.();
  const stopAt = oddity.until ? Number.POSITIVE_INFINITY : pictures + (oddity.pictureAfterwards ? 1 : 0);
  const stop = { atPicture: stopAt, act: (camera: ScriptedCamera) => camera.stopFilming() };
  const moments = [...(does?.moments ?? []), stop];
  using time = new UnhurriedClock();
  await using camera = await ScriptedCamera.start({ footage, sound, speed, time, ...does, moments });
  const clock = speed === 1 ? time : fasterClock(time, speed);
  const url = camera.url.replace('/live', oddity.path ?? '/live');
  await using recording = new Recording({ camera: { url, ...oddity.agentCamera }, clock, timings });
  const last = expected(oddity, camera).at(-1) ?? Number.NEGATIVE_INFINITY;
  const codes = reads.length - codesAtTheEnd;
  const hasAll = () => (recording.ordinals.at(-1) ?? -1) >= last && recording.codes.length >= codes;
  const isDone = () => oddity.until?.(recording) ?? hasAll();
  const endMs = time.monotonicMs() + patienceMs;
  const inTime = () => time.monotonicMs() < endMs;
  while (!isDone() && inTime()) await time.sleep(20);
  camera.stopFilming();
  const lastSent = camera.sent.at(-1) ?? -1;
  while (oddity.until && (recording.ordinals.at(-1) ?? -1) < lastSent && inTime()) await time.sleep(20);
  await time.sleep(settleMs);
  return { recording, camera };
}

/** Numbers of the pictures that should be recorded. */
export function expected({ pictures = 50, notRecorded = [], until }: Oddity, camera: ScriptedCamera): number[] {
  const sent = until ? camera.sent : Array.from({ length: pictures }, (_, ordinal) => ordinal);
  return sent.filter(ordinal => !notRecorded.includes(ordinal));
}

/**
 * Of the pictures that should be recorded, those that are not and of whose loss nothing is told. A few that were on their way
 * when a connection ended are in the hole that this left in the recording, and which the owner was told.
 */
export function silentlyLost(oddity: Oddity, { recording, camera }: Outcome): number[] {
  const recorded = new Set(recording.ordinals);
  const missing = expected(oddity, camera).filter(ordinal => !recorded.has(ordinal));
  const wasTold = recording.states.includes('offline');
  const inHole = missing.filter(ordinal => wasTold && holeAtMs(recording, ordinal) >= shortestHoleMs);
  return inHole.length <= onTheirWay ? missing.filter(ordinal => !inHole.includes(ordinal)) : missing;
}

/** The time between the recorded pictures before and after a number. */
function holeAtMs({ pictures }: Recording, ordinal: number): number {
  const after = pictures.findIndex(picture => picture.ordinal > ordinal);
  return (pictures[after]?.timecodeMs ?? Number.NaN) - (pictures[after - 1]?.timecodeMs ?? Number.NaN);
}

/** `0–29 31–49` of numbers in order: short enough to be read when a test fails. */
export function inRanges(numbers: readonly number[]): string {
  const ranges: [from: number, to: number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => `${from}–${to}`).join(' ');
}

/** The longest time between two pictures that follow each other. */
export function longestGapMs({ pictures }: Recording): number {
  return Math.max(
    0,
    ...pictures.slice(1).map(({ timecodeMs }, index) => timecodeMs - (pictures[index]?.timecodeMs ?? 0)),
  );
}

// What is snoozed now, and how to change it. The agent answers each change with the whole list, which is shown at once.
import { useSignal } from '@preact/signals';
import type { Problem } from '../../shared/camera-status.ts';
import type { Snooze } from '../../shared/rule-answers.ts';
import { nowMs } from '../link/agent-clock.ts';
import { loadSnoozes, snooze } from '../link/alerts-api.ts';
import { problemOf, useAnswer } from '../link/use-answer.ts';

/** A rule, a camera, or both; neither is everything. */
export type SnoozeTarget = Pick<Snooze, 'ruleId' | 'cameraId'>;

export type Snoozes = {
  /** Those that still hold; undefined until the agent has told. */
  current: readonly Snooze[] | undefined;
  /** Why the list is missing or a change was not made. */
  problem: Problem | undefined;
  /** 0 minutes end it. */
  set: (target: SnoozeTarget, minutes: number) => void;
};

const EVERY_MS = 15_000;

export function useSnoozes(): Snoozes {
  const changed = useSignal<{ atRound: number; snoozes: readonly Snooze[] } | undefined>(undefined);
  const refused = useSignal<Problem | undefined>(undefined);
  const round = Math.floor(nowMs.value / EVERY_MS);
  const loaded = useAnswer(String(round), loadSnoozes).answer.value;
  // Until the next round the answer to the change is the newer word.
  const list = changed.value && changed.value.atRound >= round ? changed.value.snoozes : loaded.value?.snoozes;
  const set = async (target: SnoozeTarget, minutes: number) => {
    try {
      changed.value = { snoozes: (await snooze({ ...target, minutes })).snoozes, atRound: round + 1 };
      refused.value = undefined;
    } catch (error) {
      refused.value = problemOf(error);
    }
  };
  return {
    current: list?.filter(({ untilMs }) => untilMs > nowMs.value),
    problem: refused.value ?? loaded.problem,
    set,
  };
}

/** The snooze of exactly this target. */
export function snoozeOf(target: SnoozeTarget, snoozes: readonly Snooze[] = []): Snooze | undefined {
  return snoozes.find(({ ruleId, cameraId }) => ruleId === target.ruleId && cameraId === target.cameraId);
}

/** Until when a rule is silent on every camera. */
export function silentUntilMs(ruleId: string, snoozes: readonly Snooze[]): number | undefined {
  const silent = snoozes.filter(one => one.cameraId === undefined && (one.ruleId ?? ruleId) === ruleId);
  return silent.length === 0 ? undefined : Math.max(...silent.map(({ untilMs }) => untilMs));
}

// Loads one answer for a component: what is there, what is missing, and a way to try again.
import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Problem } from '../../shared/camera-status.ts';
import { ApiFailure } from './agent-api.ts';

export type Answer<T> = {
  /** The last good answer; kept while a newer one is loading or after one has failed. */
  value: T | undefined;
  loading: boolean;
  problem: Problem | undefined;
};

/** Loads again whenever `key` changes; an answer that was overtaken is dropped. */
export function useAnswer<T>(
  key: string,
  load: () => Promise<T>,
): { answer: ReadonlySignal<Answer<T>>; reload: () => void } {
  const answer = useSignal<Answer<T>>({ value: undefined, loading: true, problem: undefined });
  const round = useSignal(0);
  useEffect(() => {
    let overtaken = false;
    answer.value = { ...answer.peek(), loading: true };
    load().then(
      value => {
        if (!overtaken) answer.value = { value, loading: false, problem: undefined };
      },
      (error: unknown) => {
        if (!overtaken) answer.value = { ...answer.peek(), loading: false, problem: problemOf(error) };
      },
    );
    return () => {
      overtaken = true;
    };
  }, [key, round.value]);
  return { answer, reload: () => round.value++ };
}

/** Any error as a problem to show. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiFailure) return { code: error.code, message: error.message };
  return { code: 'bug', message: error instanceof Error ? error.message : String(error) };
}

// A status as shape, hue and word together.
import type { Status, StatusWords } from '../words/status.ts';

const SHAPES: Record<Status, string> = {
  ok: 'M5 0a5 5 0 1 1 0 10A5 5 0 0 1 5 0Z',
  attention: 'M5 .5 10 9.5H0Z',
  failed: 'M1.5 0 5 3.5 8.5 0 10 1.5 6.5 5 10 8.5 8.5 10 5 6.5 1.5 10 0 8.5 3.5 5 0 1.5Z',
  waiting: 'M5 0a5 5 0 1 1 0 10A5 5 0 0 1 5 0Zm0 2.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6Z',
};

export function StatusWord({ status, words }: StatusWords) {
  return (
    <span class={`status status-${status}`}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        <path d={SHAPES[status]} fill="currentColor" />
      </svg>
      {words}
    </span>
  );
}

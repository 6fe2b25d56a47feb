// Silence for a while, or its end, for one rule or one camera. Until when it holds is said next to it.
import { isLinkDown } from '../states/link-banner.tsx';
import { snoozedWords } from '../words/rule-words.ts';
import { type Snoozes, type SnoozeTarget, snoozeOf } from './use-snoozes.ts';
import './snooze.css';

const MINUTES = [15, 30, 60] as const;

export function SnoozeChoice({ target, snoozes }: { target: SnoozeTarget; snoozes: Snoozes }) {
  if (snoozeOf(target, snoozes.current)) {
    return (
      <div class="snooze">
        <button type="button" disabled={isLinkDown()} onClick={() => snoozes.set(target, 0)}>
          End snooze
        </button>
      </div>
    );
  }
  return (
    <fieldset class="snooze" aria-label={`Snooze: ${snoozedWords(target)}`}>
      <span class="soft" aria-hidden="true">
        Snooze
      </span>
      {MINUTES.map(minutes => (
        <button key={minutes} type="button" disabled={isLinkDown()} onClick={() => snoozes.set(target, minutes)}>
          {minutes} min
        </button>
      ))}
    </fieldset>
  );
}

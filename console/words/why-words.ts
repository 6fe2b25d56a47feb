// Why a rule raised an alert for what was seen, or none: its outcome as status and sentence.
import type { RuleWhy } from '../../shared/rule-answers.ts';
import { outcomesByReach, outcomeWords, type RuleOutcome } from '../../shared/rule-outcome.ts';
import { countWords } from './ages.ts';
import { dayAndTime } from './clock-times.ts';
import type { StatusWords } from './status.ts';

const NO_ALERT = 'no alert: ';

/** `Raised an alert`, `No alert`, `Asks for something else`, `Not known`. */
export function whyState({ outcome }: Pick<RuleWhy, 'outcome'>): StatusWords {
  switch (outcome) {
    case undefined:
      return { status: 'waiting', words: 'Not known' };
    case 'fired':
    case 'already':
      return { status: 'ok', words: 'Raised an alert' };
    case 'counted':
      return { status: 'ok', words: 'Counted' };
    case 'label':
    case 'camera':
      return { status: 'waiting', words: 'Asks for something else' };
    default:
      return { status: 'attention', words: 'No alert' };
  }
}

/** The reason by itself, as a sentence. */
export function whySentence({ outcome }: Pick<RuleWhy, 'outcome'>): string {
  if (outcome === undefined) return 'The rule was not asked then, or the reason is not kept any more.';
  return `${upperFirst(reasonWords(outcome))}.`;
}

/** `outside the hours of the rule`. */
export function reasonWords(outcome: RuleOutcome): string {
  const words = outcomeWords[outcome];
  return words.startsWith(NO_ALERT) ? words.slice(NO_ALERT.length) : words;
}

/** `10:41:03 – 10:41:09, 3 pictures: not there for long enough (minSeconds)`. */
export function toldWords({ outcome, firstMs, lastMs, frames }: RuleWhy['told'][number], nowMs: number): string {
  const first = dayAndTime(firstMs, nowMs);
  const time = firstMs === lastMs ? first : `${first} – ${dayAndTime(lastMs, nowMs)}`;
  return `${time}, ${countWords(frames, 'picture')}: ${reasonWords(outcome)}`;
}

/** The rules that say most first; among equals, as in the settings. */
export function byReach(rules: readonly RuleWhy[]): RuleWhy[] {
  const place = ({ outcome }: RuleWhy) =>
    outcome === undefined ? outcomesByReach.length : outcomesByReach.indexOf(outcome);
  return rules.toSorted((a, b) => place(a) - place(b));
}

/** The silent ones of a replay, those that came furthest first: `41 × outside the hours of the rule`. */
export function silentWords(silent: { [Outcome in RuleOutcome]?: number }): { count: number; words: string }[] {
  return outcomesByReach.flatMap(outcome => {
    const count = silent[outcome] ?? 0;
    return count === 0 ? [] : [{ count, words: reasonWords(outcome) }];
  });
}

function upperFirst(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// Why an alert was raised, as a sentence.
import { durationWords } from '../../shared/duration-words.ts';
import type { Match } from './match.ts';
import type { CameraRule } from './rule-book.ts';

/** `Person 94 % for 4 s in zone door.`, `3 × Car up to 91 % crossed gate left to right.` */
export function whyFired({ rule: { when } }: CameraRule, matches: readonly Match[]): string {
  const subjects = [...Map.groupBy(matches, ({ seen }) => seen.sighting.label)].map(([label, alike]) => {
    const surest = Math.round(Math.max(...alike.map(({ seen }) => seen.observation.confidence)));
    return alike.length === 1 ? `${label} ${surest} %` : `${alike.length} × ${label} up to ${surest} %`;
  });
  const directions = new Set(matches.flatMap(({ direction }) => direction ?? []));
  const [direction] = directions;
  const zones = [...new Set(matches.flatMap(({ zone }) => zone ?? []))];
  return `${[
    subjects.join(', '),
    // Whole seconds that have passed; rounded up, 4.2 s would read as more than there was.
    when.minSeconds > 0
      ? `for ${durationWords(Math.floor(Math.min(...matches.map(({ forMs }) => forMs)) / 1000) * 1000)}`
      : '',
    when.line ? `crossed ${when.line.name}` : '',
    direction && directions.size === 1 ? direction.replaceAll('-', ' ') : '',
    zones.length > 0 ? `in zone${zones.length > 1 ? 's' : ''} ${zones.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join(' ')}.`;
}

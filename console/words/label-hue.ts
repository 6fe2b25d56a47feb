// What was seen in words, and one fixed map from a label to one of eight hues, the same in boxes, chips and the timeline.
import { durationWords } from './ages.ts';

const FAMILIES: readonly (readonly string[])[] = [
  ['person', 'people', 'human', 'man', 'woman', 'child', 'boy', 'girl', 'face'],
  ['car', 'vehicle', 'truck', 'bus', 'van', 'automobile'],
  ['bicycle', 'motorcycle', 'bike', 'scooter'],
  ['dog', 'cat', 'pet', 'animal', 'bird', 'mammal'],
  ['package', 'box', 'bag', 'backpack', 'luggage'],
];
const HUES = 8;

/** Which of the hues `--label-0` … `--label-7` a label has. Known families are fixed, others spread over the rest. */
export function labelHue(label: string): number {
  const name = label.toLowerCase();
  const family = FAMILIES.findIndex(names => names.includes(name));
  if (family >= 0) return family;
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return FAMILIES.length + (hash % (HUES - FAMILIES.length));
}

/** `for 12 s`, `3 times in 2 min`; undefined for what was there on a single picture. */
export function stayWords({
  count,
  fromMs,
  toMs,
}: {
  count: number;
  fromMs: number;
  toMs: number;
}): string | undefined {
  if (count > 1) return `${count} times in ${durationWords(toMs - fromMs)}`;
  return toMs - fromMs < 1000 ? undefined : `for ${durationWords(toMs - fromMs)}`;
}

/** `Person 94 %` */
export function sightingWords({ label, confidence }: { label: string; confidence: number }): string {
  return `${label} ${Math.round(confidence)} %`;
}

import { expect, test } from 'vitest';
import { wanted } from '../../agent/labels/label-filter.ts';
import type { DetectedLabel } from '../../agent/labels/provider.ts';

const box = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };
const label = (name: string, confidence: number, ...instances: number[]): DetectedLabel => ({
  name,
  confidence,
  instances: instances.map(confidence => ({ box, confidence })),
});
const labels = [label('Car', 80, 80, 40), label('person', 95, 95), label('Street', 99), label('Dog', 60, 30)];
const all = { minConfidence: 0, maxLabels: 1000 };

test.each([
  { name: 'everything, the surest first', wishes: all, kept: ['Street', 'person', 'Car', 'Dog'] },
  { name: 'only what is sure enough', wishes: { ...all, minConfidence: 80 }, kept: ['Street', 'person', 'Car'] },
  {
    name: 'only some labels, in any case',
    wishes: { ...all, include: ['PERSON', 'car', 'Bus'] },
    kept: ['person', 'Car'],
  },
  { name: 'all but some', wishes: { ...all, exclude: ['street', 'Dog'] }, kept: ['person', 'Car'] },
  {
    name: 'what is both wanted and unwanted is not wanted',
    wishes: { ...all, include: ['Car', 'Dog'], exclude: ['Dog'] },
    kept: ['Car'],
  },
  { name: 'no more than so many', wishes: { ...all, maxLabels: 2 }, kept: ['Street', 'person'] },
  {
    name: 'no more than so many of those that are wanted',
    wishes: { ...all, maxLabels: 1, exclude: ['Street'] },
    kept: ['person'],
  },
  {
    name: 'not a label whose places are all unsure',
    wishes: { ...all, minConfidence: 50 },
    kept: ['Street', 'person', 'Car'],
  },
])('$name', ({ wishes, kept }) => {
  expect(wanted(labels, wishes).map(({ name }) => name)).toEqual(kept);
});

test('places that are not sure enough are left out of a label that is', () => {
  expect(wanted([label('Car', 80, 80, 40)], { ...all, minConfidence: 50 })).toEqual([label('Car', 80, 80)]);
});

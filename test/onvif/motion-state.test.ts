// Motion out of events: one answer, however many topics and lenses tell it.
import { expect, test } from 'vitest';
import type { OnvifEvent } from '../../agent/onvif/answers/event-answers.ts';
import { MotionState } from '../../agent/onvif/motion-state.ts';

function event(active: boolean, topic = 'VideoSource/MotionAlarm', lens = '1'): OnvifEvent {
  return { type: 'motion', active, topic, source: [{ name: 'Source', value: lens }], initial: false, atMs: 0 };
}

test('motion that two topics tell is told once, and is over when both say so', () => {
  const motion = new MotionState();
  const cell = 'RuleEngine/CellMotionDetector/Motion';
  const events = [
    event(false),
    event(true),
    event(true, cell),
    event(false),
    event(false),
    event(false, cell),
    event(true, cell),
  ];
  expect(events.map(one => motion.take(one))).toEqual([false, true, undefined, undefined, undefined, false, true]);
});

test('motion before one lens of two goes on until the last one is still', () => {
  const motion = new MotionState();
  const events = [event(true, 'a', '1'), event(true, 'a', '2'), event(false, 'a', '1'), event(false, 'a', '2')];
  expect(events.map(one => motion.take(one))).toEqual([true, undefined, undefined, false]);
});

test('other events are no motion', () => {
  const other: OnvifEvent = { type: 'other', topic: 'Device/IO', items: [], source: [], initial: true, atMs: 0 };
  expect(new MotionState().take(other)).toBeUndefined();
});

test('when nobody tells any more there is no motion, and only what was known is taken back', () => {
  const motion = new MotionState();
  expect(motion.lose()).toBeUndefined();
  motion.take(event(true));
  expect(motion.lose()).toBe(false);
  expect(motion.lose()).toBeUndefined();
  expect(motion.take(event(true))).toBe(true);
});

// Alerts are shown with their sightings as known by now, so that boxes lie on the pictures.
import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { alertsAsPictured } from '../../agent/web/alerts-as-pictured.ts';
import type { Alert } from '../../shared/alert.ts';
import type { Sighting } from '../../shared/sighting.ts';

const box = (left: number) => ({ left, top: 0.1, width: 0.1, height: 0.5 });
const seen = (id: string, confidence: number): Sighting => {
  return { id, cameraId: 'yard', atMs: 1000, label: 'Person', confidence, box: box(confidence / 200) };
};
const alertOf = (id: string, sightings: Sighting[]): Alert => ({
  ...{ id, kind: 'sighting', ruleId: 'person', cameraId: 'yard', atMs: 1000, why: 'Person 70 %.', sightings },
  deliveries: [],
});
const alerts = [alertOf('a', [seen('stays', 70), seen('pruned', 60)]), alertOf('b', [seen('stays', 70)])];
const reader = {
  list: () => alerts,
  alert: (id: string) => {
    const alert = alerts.find(one => one.id === id);
    return alert && { alert, attempts: [] };
  },
};

test('a sighting that was seen better since has the box of its picture; one that is not kept stays as it was', () => {
  const asked: string[][] = [];
  const pictured = alertsAsPictured(reader, ids => {
    asked.push([...ids]);
    return [seen('stays', 95)];
  });
  const [first, second] = pictured.list({ limit: 10 });
  expect(first).toEqual({ ...alerts[0], sightings: [seen('stays', 95), seen('pruned', 60)] });
  expect(second?.sightings).toEqual([seen('stays', 95)]);
  expect(asked).toEqual([['stays', 'pruned']]);
  expect(pictured.alert('b')).toEqual({ alert: second, attempts: [] });
  expect(pictured.alert('c')).toBeUndefined();
  expect(alerts[1]?.sightings).toEqual([seen('stays', 70)]);
});

test('alerts are shown as they were raised when sightings cannot be read, and a mistake is not hidden', () => {
  const broken = new AgentError({
    code: 'disk-failed',
    kind: 'unavailable',
    retry: 'later',
    message: 'The disk failed.',
  });
  const throwing = (error: Error) =>
    alertsAsPictured(reader, () => {
      throw error;
    });
  expect(throwing(broken).list({ limit: 10 })).toEqual(alerts);
  expect(() => throwing(new TypeError('no')).list({ limit: 10 })).toThrow(TypeError);
});

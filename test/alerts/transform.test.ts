// Owners' expressions over events: what they may do, and that none of them takes the agent with it.
import { expect, onTestFinished, test } from 'vitest';
import { Transform } from '../../agent/alerts/transform/transform.ts';
import { systemClock } from '../../agent/clock.ts';

const event = { subject: 'gate', data: { sightings: [{ label: 'Person' }, { label: 'Dog' }] } };

function transform(expression: string, timeoutMs = 5_000): Transform {
  const made = new Transform({ expression, destination: 'ops', clock: systemClock, timeoutMs });
  onTestFinished(() => made.close());
  return made;
}

test.each([
  ['$', JSON.stringify(event)],
  ['{ "camera": subject, "labels": data.sightings.label }', '{"camera":"gate","labels":["Person","Dog"]}'],
  ['data.sightings[label = "Cat"]', undefined],
  ['subject', '"gate"'],
])('%s', async (expression, result) => {
  expect(await transform(expression).apply(event)).toBe(result);
});

test('an expression that cannot be read is refused at the start', () => {
  expect(() => transform('{ "a": ')).toThrow(
    expect.objectContaining({
      code: 'settings-invalid',
      message: expect.stringMatching(/^The transform of ops is no JSONata/),
    }),
  );
});

test.each([
  ['an endless expression', '($f := function($x) { $f($x) }; $f(1))', 2_000],
  [
    'one that takes all memory',
    '$reduce([1..1000000], function($a, $i) { $append($a, $string($i) & "-" & $string($a)) }, [])',
    20_000,
  ],
  ['an error of its own', '$error("wrong")', 5_000],
])('%s costs that event only', async (_name, expression, timeoutMs) => {
  const bad = transform(`subject = "bad" ? ${expression} : "fine"`, timeoutMs);
  await expect(bad.apply({ subject: 'bad' })).rejects.toMatchObject({ code: 'transform-failed', retry: 'never' });
  expect(await bad.apply({ subject: 'good' })).toBe('"fine"');
});

test('an expression sees the event and nothing of the agent', async () => {
  for (const name of ['process', 'require', 'globalThis', 'constructor', '__proto__'])
    expect(await transform(`$exists(${name === '__proto__' ? '`__proto__`' : name})`).apply(event), name).toBe('false');
  for (const reach of ['$eval("process")', '$map.constructor("return process")()', '$string.`constructor`'])
    expect(
      await transform(reach)
        .apply(event)
        .catch(() => undefined),
      reach,
    ).toBeUndefined();
});

test('events asked for at once are answered in order', async () => {
  const both = transform('subject');
  expect(await Promise.all(['a', 'b', 'c'].map(subject => both.apply({ subject })))).toEqual(['"a"', '"b"', '"c"']);
});

// One bad fragment never blocks the rest; a service that refuses everything never eats the backlog.
import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { heldBack, type Streak, takeRefusal } from '../../agent/uploader/refusals.ts';
import { madeFragments } from '../spool/parts.ts';
import { fastClock } from './fast-clock.ts';
import { Scene, until } from './scene.ts';
import { type Script, ScriptedService } from './scripted-service.ts';

const startMs = 1_795_420_701_007;

/** What becomes of refusals that follow each other, as `reason@start`. */
function actions(refusals: string[]): string[] {
  let streak: Streak | undefined;
  return refusals.map(refusal => {
    const [reason = '', start = ''] = refusal.split('@');
    const taken = takeRefusal(streak, { reason, startMs: Number(start) });
    streak = taken.streak;
    return taken.action;
  });
}

test.each<[string, string[], string[]]>([
  ['three bad fragments are set aside', ['a@1', 'a@2', 'a@3'], ['set-aside', 'set-aside', 'set-aside']],
  [
    'the fourth is kept, and set aside when it was refused three times',
    ['a@1', 'a@2', 'a@3', 'a@4', 'a@4', 'a@4', 'a@5'],
    ['set-aside', 'set-aside', 'set-aside', 'hold', 'hold', 'set-aside', 'hold'],
  ],
  [
    'another reason begins anew',
    ['a@1', 'a@2', 'a@3', 'b@4', 'b@5'],
    ['set-aside', 'set-aside', 'set-aside', 'set-aside', 'set-aside'],
  ],
])('%s', (_, refusals, expected) => {
  expect(actions(refusals)).toEqual(expected);
});

test('the owner is told how many were refused and why the rest waits', () => {
  const cause = new AgentError({
    code: 'service-rejected-fragment',
    kind: 'invalid',
    retry: 'now',
    message: 'AWS could not read a fragment.',
  });
  expect(heldBack({ reason: '', fragments: 3, startMs: 0, tries: 1 }, cause)).toMatchObject({
    code: 'service-rejected-fragment',
    retry: 'never',
    message: expect.stringMatching(/3 recordings in a row.*the rest is kept.*could not read/),
  });
});

test.each([
  [4001, 'MAX_FRAGMENT_SIZE_REACHED'],
  [4002, 'MAX_FRAGMENT_DURATION_REACHED'],
  [4004, 'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS'],
  [4005, 'MORE_THAN_ONE_TRACK_FOUND'],
  [4006, 'INVALID_MKV_DATA'],
  [4009, 'FRAGMENT_METADATA_LIMIT_REACHED'],
  [4010, 'TRACK_NUMBER_MISMATCH'],
  [4011, 'FRAMES_MISSING_FOR_TRACK'],
  [4012, 'MORE_THAN_ALLOWED_TRACKS_FOUND'],
])(
  'a service that answers %i %s to everything costs few fragments; when it is mended all others arrive',
  async (id, code) => {
    await using service = await ScriptedService.start();
    const refusing: Script = { onFragment: (_, session) => session.refuse(undefined, id, code) };
    service.scripts = Array(1000).fill(refusing);
    const clock = fastClock(200);
    await using scene = await Scene.open({ endpoint: service.url, clock });
    await scene.write(madeFragments(startMs, 30));
    scene.start();
    await clock.sleep(180_000);
    expect(scene.of('fragment.rejected').length).toBeLessThanOrEqual(5);
    expect(service.putMediaRequests).toBeLessThan(20);
    const told = () => scene.of('upload.state').findLast(({ error }) => error)?.error?.message;
    await expect.poll(told).toMatch(/recordings in a row, so the rest is kept here/);
    expect(scene.of('fragment.rejected').length).toBeGreaterThanOrEqual(3);
    service.scripts = [];
    await until(() => scene.spool.waiting('cam').fragments === 0);
    const rejectedInAll = scene.of('fragment.rejected').length;
    expect(service.stored).toHaveLength(30 - rejectedInAll);
    expect(rejectedInAll).toBeLessThanOrEqual(6);
  },
);

// What the pages for setting cameras up decide: what a typed address is, which name a camera gets, what stands in its way,
// and what is asked of the agent in the end.
import { describe, expect, test } from 'vitest';
import { checkCamera } from '../../agent/camera-check/check-camera.ts';
import { foundCandidate, readAddress, typedCandidate, withFound, withTyped } from '../../console/add/candidate.ts';
import {
  checked,
  checkRequest,
  type Draft,
  draftOf,
  idProblem,
  newCamera,
  suggestedId,
} from '../../console/add/draft.ts';
import { settingsChanges } from '../../console/settings/changes.ts';
import { cameraWord, clockSentence, leavingWords, removalSentence } from '../../console/words/camera-words.ts';
import {
  blockers,
  conclusionWords,
  findingWords,
  repairable,
  repairCostWords,
  signInVerdict,
  unknownCertificate,
} from '../../console/words/check-words.ts';
import { adviceWords } from '../../console/words/discovery-words.ts';
import { arrivalsOf } from '../../console/words/first-arrivals.ts';
import type { CameraFacts } from '../../shared/camera-check.ts';
import { cameraChangesSchema, newCameraSchema, type ShownCamera } from '../../shared/camera-edits.ts';
import { cameraSchema } from '../../shared/camera-settings.ts';
import type { DiscoveredCamera } from '../../shared/discovery.ts';
import { cameraFacts, failed } from '../camera-check/good-camera.ts';
import { liveCamera } from './story.ts';

const now = Date.UTC(2026, 10, 23, 7, 41, 12);
const found: DiscoveredCamera = {
  ...{ id: 'urn:1', address: '10.0.0.20', how: 'ws-discovery', vendor: 'Maker', model: 'Eye', name: 'Maker Eye' },
  onvifUrl: 'http://10.0.0.20/onvif/device_service',
};
const checkOf = (facts: CameraFacts) => ({ facts, findings: checkCamera(facts) });

describe('a typed address', () => {
  test.each([
    ['10.0.0.20', { host: '10.0.0.20' }],
    [' camera.local ', { host: 'camera.local' }],
    ['[fd00::7]', { host: '[fd00::7]' }],
    ['rtsp://10.0.0.20/stream1', { url: 'rtsp://10.0.0.20/stream1' }],
    ['rtsps://10.0.0.20:322/a?b=c', { url: 'rtsps://10.0.0.20:322/a?b=c' }],
  ])('%s is %o', (text, address) => {
    expect(readAddress(text)).toEqual(address);
  });

  test.each(['', 'a b', 'http://10.0.0.20/', 'file:///etc/passwd', 'rtsp:///stream1'])(
    '%o is none, and why is said',
    text => {
      expect(readAddress(text)).toMatchObject({ problem: expect.stringMatching(/\.$/) });
    },
  );

  test('a user and a password are taken out of it, whatever is in them', () => {
    expect(readAddress('rtsp://admin:p@ss@10.0.0.20/1')).toMatchObject({ instead: 'rtsp://10.0.0.20/1' });
    expect(readAddress('rtsp://admin:a/b#c@10.0.0.20/1')).toMatchObject({ instead: 'rtsp://10.0.0.20/1' });
    expect(readAddress('rtsp://admin:a@10.0.0.20/at@home')).toMatchObject({ instead: 'rtsp://10.0.0.20/at@home' });
    expect(readAddress('rtsp://admin@10.0.0.20/1')).toMatchObject({ instead: 'rtsp://10.0.0.20/1' });
  });
});

describe('what is found', () => {
  test('is called as it calls itself, and says nothing twice', () => {
    expect(foundCandidate(found)).toMatchObject({ title: 'Maker Eye', about: '' });
    expect(foundCandidate({ id: 'x', address: '10.0.0.9', how: 'scan', rtspServer: 'Hipcam' })).toMatchObject({
      ...{ title: 'Camera at 10.0.0.9', about: 'Hipcam', url: undefined },
    });
  });

  test('is shown once, and tells a typed stream of its host that it is there already', () => {
    const list = withTyped([foundCandidate(found)], 'rtsp://10.0.0.20/1');
    const again = withFound(list, { ...found, alreadyAdded: 'yard' });
    expect(again.map(({ key, alreadyAdded }) => [key, alreadyAdded])).toEqual([
      ['rtsp://10.0.0.20/1', 'yard'],
      ['urn:1', 'yard'],
    ]);
    expect(withTyped(again, 'rtsp://10.0.0.20/1')).toHaveLength(2);
  });

  test('advice names nothing of the command line', () => {
    expect(adviceWords({ code: 'other-network', text: 'name one with --host ADDRESS' })).not.toContain('--');
    expect(adviceWords({ code: 'firewall', text: 'as it is' })).toBe('as it is');
  });
});

describe('a name', () => {
  test.each([
    ['Front Yard', 'front-yard'],
    ['Größe: Süd #2', 'grosse-sud-2'],
    ['前門', 'camera'],
    ['a'.repeat(80), 'a'.repeat(58)],
  ])('of %s is suggested as %s', (name, id) => {
    expect(suggestedId(name, new Set())).toBe(id);
    expect(cameraSchema.shape.id.safeParse(suggestedId(name, new Set([id]))).success).toBe(true);
  });

  test('that is taken gets a number, and one that cannot be used says why', () => {
    const taken = new Set(['yard', 'yard-2']);
    expect(suggestedId('Yard', taken)).toBe('yard-3');
    expect(idProblem('yard', taken)).toContain('How about yard-3?');
    expect(idProblem('Yard', taken)).toContain('lower-case');
    expect(idProblem('gate', taken)).toBeUndefined();
  });
});

describe('from a draft to a camera', () => {
  const draft = draftOf(foundCandidate(found), new Set());

  test('the device is asked first, and its main stream is taken over with its ONVIF address', () => {
    expect(checkRequest(draft, '')).toEqual({ url: found.onvifUrl, cost: true });
    const done = checked({ ...draft, username: 'admin' }, checkOf(cameraFacts()));
    expect(checkRequest(done, 'secret')).toMatchObject({ url: 'rtsps://10.0.0.20/stream1', password: 'secret' });
    const camera = newCamera({ ...done, labels: true }, 'secret');
    expect(camera).toEqual({
      ...{ id: 'maker-eye', url: 'rtsps://10.0.0.20/stream1', username: 'admin', password: 'secret' },
      ...{ onvif: { url: found.onvifUrl }, labels: { provider: 'rekognition' } },
    });
    expect(newCameraSchema.safeParse(camera).success).toBe(true);
    const { password: _, ...settings } = camera;
    expect(cameraSchema.safeParse(settings).success).toBe(true);
  });

  test('a stream that was typed stays, and what has its default is not written', () => {
    const typed = draftOf(typedCandidate('rtsp://10.0.0.9/1'), new Set());
    const done = checked(typed, checkOf(cameraFacts({ onvif: { profiles: [] } })));
    expect(newCamera({ ...done, stream: done.id }, '')).toEqual({ id: 'stream-at-10-0-0-9', url: 'rtsp://10.0.0.9/1' });
    const chosen: Draft = { ...done, stream: 'west', audio: false, transcode: true, tlsFingerprint: 'ab' };
    expect(newCamera(chosen, '')).toMatchObject({
      stream: 'west',
      audio: 'off',
      video: 'transcode',
      tlsFingerprint: 'ab',
    });
  });

  test('an address that holds a password is not told, and has to be typed', () => {
    const { url: _, ...profile } = cameraFacts().onvif?.profiles[0] ?? {
      name: '',
      role: 'main' as const,
      checked: true,
    };
    const facts = cameraFacts({ onvif: { profiles: [profile] } });
    expect(checked(draft, checkOf(facts)).url).toBe('');
  });
});

describe('what a check means', () => {
  const withBFrames = checkOf(
    cameraFacts({
      video: { bFrames: true },
      repairCost: { percentOfCore: 38.4, realTimeFactor: 2.6, encoder: 'libx264' },
    }),
  );
  const slow = { percentOfCore: 130, realTimeFactor: 0.7, encoder: 'libx264' };

  test('nothing stands in the way of a good camera', () => {
    const good = checkOf(cameraFacts());
    expect(blockers(good.findings, { transcode: false })).toEqual([]);
    expect(conclusionWords(good.findings)).toEqual({ status: 'ok', words: 'All is well' });
    expect(repairable(good)).toEqual([]);
  });

  test('B-frames do, unless its pictures are made anew at a price that is said', () => {
    expect(blockers(withBFrames.findings, { transcode: false }).map(({ subject }) => subject)).toEqual(['b-frames']);
    expect(blockers(withBFrames.findings, { transcode: true })).toEqual([]);
    expect(repairCostWords(withBFrames.facts)).toBe('It takes about 38 % of a processor core on the device (libx264).');
    expect(repairCostWords(cameraFacts({ repairCost: slow }))).toContain('more than this device can do');
  });

  test('lost packets are the owner’s choice', () => {
    const { findings } = checkOf(cameraFacts({ stream: { packets: { received: 900, lost: 100, jitterMs: 2 } } }));
    expect(findings.some(({ level }) => level === 'red')).toBe(true);
    expect(blockers(findings, { transcode: false })).toEqual([]);
  });

  test.each([
    ['camera-denied', true, 'Wrong user or password', true],
    ['camera-denied', false, 'It asks for a user and a password', true],
    ['camera-unreachable', true, 'Not reached', false],
    ['camera-certificate', true, 'Its certificate is not known', false],
  ])('%s with a sign-in %o is said as %s', (code, signedIn, words, denied) => {
    const check = checkOf(cameraFacts({ stream: failed(code, { signedIn }) }));
    expect(signInVerdict(check, { signedIn })).toMatchObject({ words, denied });
  });

  test('an ONVIF service that refuses is no reason to ask again when the stream came', () => {
    const problem = { code: 'camera-denied', message: 'No.' };
    expect(signInVerdict(checkOf(cameraFacts({ onvif: { problem, profiles: [] } })), { signedIn: true }).denied).toBe(
      false,
    );
  });

  test('an unknown certificate is told by the stream, or by ONVIF over https', () => {
    const fingerprint = Array.from({ length: 32 }, () => 'ab').join(':');
    const certificate = { fingerprint, vouchedFor: false };
    expect(unknownCertificate(cameraFacts({ stream: failed('camera-certificate', { certificate }) }))).toBe(
      fingerprint,
    );
    const problem = {
      code: 'camera-certificate',
      message: `Nobody vouches for it. Confirm its fingerprint: ${fingerprint}`,
    };
    expect(unknownCertificate(cameraFacts({ onvif: { problem, profiles: [] } }))).toBe(fingerprint);
    expect(unknownCertificate(cameraFacts())).toBeUndefined();
  });

  test('findings name nothing of the command line', () => {
    const { findings } = checkOf(cameraFacts({ video: { gopSeconds: [], openGopSeconds: 8, keyFrames: 1 } }));
    const all = findings.map(finding => findingWords(finding).sentence).join(' ');
    expect(all).toContain('No second key frame came');
    expect(all).not.toContain('--seconds');
  });
});

describe('what a form changes', () => {
  const before = {
    ...{ id: 'yard', url: 'rtsp://10.0.0.20/1', username: 'admin', hasPassword: true, stream: 'yard', tags: {} },
    ...{ transport: 'auto', reader: 'auto', video: 'copy', audio: 'aac', retentionHours: 24, localRetentionHours: 0 },
  } as ShownCamera;
  const { transport, reader, video, audio } = before;
  const same = { url: before.url, username: 'admin', password: '', transport, reader, video, audio, labels: false };

  test('only what differs is asked for', () => {
    expect(settingsChanges(before, same)).toEqual({});
    expect(settingsChanges(before, { ...same, audio: 'off', password: 'new' })).toEqual({
      audio: 'off',
      password: 'new',
    });
    expect(settingsChanges(before, { ...same, username: '' })).toEqual({ username: null });
    expect(settingsChanges(before, { ...same, labels: true })).toEqual({ labels: { provider: 'rekognition' } });
    expect(settingsChanges({ ...before, labels: { provider: 'rekognition' } } as ShownCamera, same)).toEqual({
      labels: null,
    });
    expect(cameraChangesSchema.safeParse(settingsChanges(before, { ...same, username: '' })).success).toBe(true);
  });
});

describe('words for cameras that come and go', () => {
  const camera = liveCamera(now);

  test('a problem’s code says more than that something is wrong', () => {
    const word = (state: 'offline' | 'refused' | 'live', code: string) =>
      cameraWord({ ...camera, state, problem: { code, message: 'x' } }).words;
    expect(word('refused', 'camera-certificate')).toBe('Unknown certificate');
    expect(word('offline', 'camera-busy')).toBe('No room for a viewer');
    expect(word('offline', 'device-missing')).toBe('Not plugged in');
    expect(word('offline', 'constructor')).toBe('Offline');
    expect(word('live', 'camera-packets-lost')).toBe('Live, packets lost');
  });

  test('first arrivals come one by one, and labels only where they are looked for', () => {
    const { lastSighting: _, ...fresh } = camera;
    const at = (upload: Partial<typeof camera.upload>, on: boolean) =>
      arrivalsOf({
        ...fresh,
        upload: { state: 'idle', waitingFragments: 0, waitingBytes: 0, ...upload },
        labels: { on },
      });
    expect(arrivalsOf(undefined).map(({ arrived }) => arrived)).toEqual([false, false]);
    expect(at({ waitingFragments: 1 }, true).map(({ arrived }) => arrived)).toEqual([true, false, false]);
    expect(at({ lastPersistedAckMs: now }, false).map(({ arrived }) => arrived)).toEqual([true, true]);
  });

  test('what is left of a removed camera is said before and after', () => {
    expect(removalSentence('yard', camera)).toContain(
      'Its last video on this device, 1 fragment (206 KiB), is still sent.',
    );
    expect(removalSentence('yard', undefined)).not.toContain('still sent');
    expect(leavingWords({ id: 'yard', waitingFragments: 2, waitingBytes: 2048 })).toBe(
      'yard: 2 fragments (2 KiB) on disk, being sent',
    );
  });

  test('the camera’s clock is told when it tells it', () => {
    expect(clockSentence(camera)).toBeUndefined();
    expect(clockSentence({ ...camera, clockOffsetMs: 900 })).toContain('agrees');
    expect(clockSentence({ ...camera, clockOffsetMs: -65_000 })).toContain('1 min behind');
  });
});

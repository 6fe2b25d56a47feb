// What facts mean, as a table: each row of the check in each of its levels; and the table's words in docs/cameras.md.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { checkCamera, checkRows, isUnchecked } from '../../agent/camera-check/check-camera.ts';
import { never } from '../../agent/camera-check/check-row.ts';
import { type CheckSubject, cameraFactsSchema, checkSubjects, findingSchema } from '../../shared/camera-check.ts';
import { type Changes, cameraFacts, failed } from './good-camera.ts';

type Case = [
  name: string,
  subject: CheckSubject,
  level: 'green' | 'amber' | 'red',
  changes: Changes,
  sentence?: RegExp,
];

const cases: Case[] = [
  ['connects at once', 'reachability', 'green', {}, /3 ms/],
  ['connects slowly', 'reachability', 'amber', { stream: { connectMs: 800 } }, /800 ms/],
  ['is not there', 'reachability', 'red', { stream: failed('camera-unreachable', { connectMs: undefined }) }],
  ['has no such stream', 'reachability', 'red', { stream: failed('camera-not-found') }, /camera-not-found/],
  [
    'leaves while it is watched',
    'reachability',
    'red',
    { stream: { problem: { code: 'camera-ended', message: 'Left.' } } },
  ],
  ['shows a certificate that is vouched for', 'certificate', 'green', {}, /vouches/],
  ['shows the certificate of the settings', 'certificate', 'green', ownCertificate({}), /tlsFingerprint/],
  ['shows an unknown certificate', 'certificate', 'red', ownCertificate(failed('camera-certificate')), /No authority/],
  ['asks for no password', 'sign-in', 'green', { stream: { signIn: 'none' } }, /no password/],
  ['signs in by digest', 'sign-in', 'green', {}, /digest/],
  ['signs in by basic inside TLS', 'sign-in', 'green', { stream: { signIn: 'basic' } }, /TLS/],
  ['signs in by basic', 'sign-in', 'amber', { stream: { signIn: 'basic', tls: false } }, /read the password/],
  ['refuses the password', 'sign-in', 'red', { stream: failed('camera-denied') }],
  [
    'asks for a password that nobody gave',
    'sign-in',
    'red',
    { stream: failed('camera-denied', { signedIn: false }) },
    /none was given/,
  ],
  ['sends over TLS', 'transport', 'green', {}, /TLS/],
  ['sends over TCP', 'transport', 'green', { stream: { tls: false } }, /TCP/],
  ['sends over UDP only', 'transport', 'amber', { stream: { transport: 'udp' } }, /UDP/],
  ['refuses the transport of the settings', 'transport', 'red', { stream: failed('camera-transport') }],
  ['sends all packets', 'packet-loss', 'green', {}, /4000/],
  ['loses a few packets', 'packet-loss', 'amber', packets(4, 'tcp'), /0\.10 %/],
  ['loses many packets', 'packet-loss', 'red', packets(100, 'udp'), /2\.4 %/],
  ['has room for a second viewer', 'sessions', 'green', {}, /second/],
  [
    'has room for one viewer',
    'sessions',
    'amber',
    { stream: { secondSession: { code: 'camera-busy', message: 'Busy.' } } },
  ],
  ['sends H.264', 'codec', 'green', {}, /H\.264 Main 4\.0/],
  ['sends H.265', 'codec', 'amber', { video: { encoding: 'H265' } }, /few browsers/],
  ['sends H.265 to be transcoded', 'codec', 'green', { video: { encoding: 'HEVC' }, settings: { video: 'transcode' } }],
  ['sends H.264 with ten bits', 'codec', 'amber', { video: { profile: 'High 10' } }, /few browsers/],
  ['sends MJPEG', 'codec', 'red', { video: { encoding: 'JPEG' } }, /MJPEG/],
  ['sends MJPEG to be transcoded', 'codec', 'green', { video: { encoding: 'JPEG' }, settings: { video: 'transcode' } }],
  ['sends another codec', 'codec', 'red', { stream: failed('camera-codec-unsupported') }],
  ['sends no video', 'codec', 'red', { stream: failed('camera-no-video') }],
  ['sends 1080p', 'resolution', 'green', {}, /1920×1080/],
  ['sends 8K', 'resolution', 'amber', { video: { width: 7680, height: 4320 } }, /7680×4320/],
  ['does not tell its size', 'resolution', 'amber', { video: { width: undefined } }],
  ['sends the rate it says', 'frame-rate', 'green', {}, /25 pictures/],
  ['sends half the rate it says', 'frame-rate', 'amber', { video: { fps: 12.4 } }, /12\.4 .* 25/],
  ['sends one picture', 'frame-rate', 'red', { video: { pictures: 1, fps: undefined } }, /Only 1/],
  ['sends 4 Mbit/s', 'bit-rate', 'green', {}, /1296 GB in 30 days/],
  ['sends 16 Mbit/s', 'bit-rate', 'amber', { video: { kbps: 16_000 } }],
  ['sends 120 Mbit/s', 'bit-rate', 'red', { video: { kbps: 120_000 } }],
  ['sends a key frame every 2 s', 'key-frames', 'green', {}, /every 2 s/],
  ['sends a key frame every 4 s', 'key-frames', 'green', { video: { gopSeconds: [4, 4] } }, /every 4 s/],
  [
    'sends a key frame every 6 s',
    'key-frames',
    'amber',
    { video: { gopSeconds: [6], openGopSeconds: 1 } },
    /every 6 s/,
  ],
  ['sends key frames unevenly', 'key-frames', 'amber', { video: { gopSeconds: [1, 3.5, 2] } }, /smart/],
  ['sends no second key frame in 8 s', 'key-frames', 'amber', openGop(8), /No second key frame.*--seconds/],
  ['sends no key frame at all', 'key-frames', 'amber', openGop(8, 0), /No key frame/],
  ['sends a key frame every 12 s', 'key-frames', 'red', { video: { gopSeconds: [12] } }, /every 12 s/],
  ['sends no second key frame in 15 s', 'key-frames', 'red', openGop(15)],
  ['sends no second key frame in 22 s', 'key-frames', 'red', openGop(22), /video is lost/],
  [
    'sends key frames rarely to be transcoded',
    'key-frames',
    'green',
    { ...openGop(22), settings: { video: 'transcode' } },
    /every 2 s/,
  ],
  ['sends no B-frames', 'b-frames', 'green', {}],
  [
    'sends B-frames to be transcoded',
    'b-frames',
    'amber',
    { video: { bFrames: true }, settings: { video: 'transcode' } },
  ],
  ['sends B-frames', 'b-frames', 'red', { video: { bFrames: true } }],
  ['describes its parameter sets', 'codec-data', 'green', {}, /description/],
  ['sends parameter sets in band only', 'codec-data', 'green', codecData(false, true, 0), /key frames only/],
  ['changes its parameter sets', 'codec-data', 'amber', codecData(true, true, 1), /changed/],
  ['sends no parameter sets', 'codec-data', 'red', codecData(false, false, 0), /no parameter sets/],
  ['sends AAC', 'audio', 'green', {}, /AAC/],
  ['sends no sound', 'audio', 'green', { stream: { media: [{ type: 'video', encoding: 'H264' }] } }, /no sound/],
  ['sends sound that is left out', 'audio', 'green', { ...sound('PCMA'), settings: { audio: 'off' } }, /audio: off/],
  ['sends G.711', 'audio', 'amber', sound('PCMA'), /becomes AAC here, at less than 1 % of a core/],
  ['sends Opus', 'audio', 'amber', sound('OPUS'), /becomes AAC here, at about 2 % of a core/],
  ['sends sound nobody knows', 'audio', 'amber', sound('G726-32', false), /left out/],
  ['has steady timestamps', 'timestamps', 'green', {}],
  ['has timestamps that jump', 'timestamps', 'amber', { timestamps: { jumps: 1 } }, /once/],
  ['has timestamps that went back', 'timestamps', 'amber', { timestamps: { backwards: 2 } }, /2 times/],
  ['has timestamps 5 % fast', 'timestamps', 'amber', { timestamps: { pace: 1.05 } }, /1\.05 times/],
  ['arrives in bursts', 'timestamps', 'amber', { timestamps: { jitterMs: 600 } }, /600 ms/],
  ['sends at an uneven rate', 'timestamps', 'amber', { timestamps: { irregularPercent: 40 } }, /40 %/],
  [
    'has one timestamp for all pictures',
    'timestamps',
    'red',
    { timestamps: { standing: 200, pace: 0 } },
    /stand still/,
  ],
  ['has timestamps that go back again and again', 'timestamps', 'red', { timestamps: { backwards: 30 } }],
  ['has timestamps at half the pace', 'timestamps', 'red', { timestamps: { pace: 0.5 } }, /0\.50 times/],
  ['has a right clock', 'clock', 'green', {}],
  ['tells no time', 'clock', 'green', clockOff(undefined, undefined), /not tell/],
  ['has a clock 30 s off', 'clock', 'amber', clockOff(30_000, undefined), /30 s fast/],
  ['has a clock an hour off', 'clock', 'red', clockOff(undefined, -3_600_000), /1 h slow/],
  ['has sender reports from 1970 and a right ONVIF clock', 'clock', 'green', clockOff(-1.7e12, 200)],
  ['has small fragments', 'limits', 'green', {}],
  ['has fragments of 18 s', 'limits', 'amber', { video: { gopSeconds: [18] } }],
  ['has fragments of 60 MB', 'limits', 'red', { video: { largestGopBytes: 60_000_000 } }, /60\.0 MB/],
  ['answers ONVIF', 'onvif', 'green', {}, /Maker Eye, firmware 1\.2/],
  ['does not answer ONVIF', 'onvif', 'amber', { onvif: { problem: { code: 'camera-no-onvif', message: 'None.' } } }],
  ['refuses the ONVIF sign-in', 'onvif', 'red', { onvif: { problem: { code: 'camera-denied', message: 'No.' } } }],
  ['has a main stream', 'streams', 'green', {}, /the one checked.*recording/],
  ['has a sub stream', 'streams', 'green', { profile: { role: 'sub', checked: false } }, /slow uplink/],
  ['is set to a key frame every 2 s', 'encoder', 'green', {}, /50 pictures, 2 s/],
  ['is set to a key frame every 8 s', 'encoder', 'amber', { profile: { gopLength: 200 } }],
  ['sends key frames less often than set', 'encoder', 'amber', { video: { gopSeconds: [4, 4] } }, /smart/],
  ['is set to a key frame every 20 s', 'encoder', 'red', { profile: { gopLength: 500 } }],
];

function ownCertificate(stream: Changes['stream']): Changes {
  return { stream: { ...stream, certificate: { fingerprint: 'AB:CD', vouchedFor: false } } };
}

function packets(lost: number, transport: 'tcp' | 'udp'): Changes {
  return { stream: { transport, packets: { received: 4000, lost, jitterMs: 2 } } };
}

function openGop(openGopSeconds: number, keyFrames = 1): Changes {
  return { video: { gopSeconds: [], openGopSeconds, keyFrames } };
}

function codecData(inDescription: boolean, inBand: boolean, changes: number): Changes {
  return { video: { codecData: { inDescription, inBand, changes } } };
}

function sound(encoding: string, isKnown = true): Changes {
  const media = [
    { type: 'video', encoding: 'H264' },
    { type: 'audio', encoding },
  ];
  const audio = isKnown ? { encoding, sampleRate: 8000, channels: 1, kbps: 64 } : undefined;
  return { stream: { media, audio } };
}

function clockOff(rtcpMs: number | undefined, onvifMs: number | undefined): Changes {
  return { stream: { clockOffsetMs: rtcpMs }, onvif: { clockOffsetMs: onvifMs } };
}

describe('a camera that', () => {
  test.each(cases)('%s: %s is %s', (_name, subject, level, changes, sentence = /./) => {
    const found = checkCamera(cameraFacts(changes)).filter(finding => finding.subject === subject);
    expect(found.map(finding => finding.level)).toEqual([level]);
    expect(found[0]?.sentence).toMatch(sentence);
    // Whatever is not right says what to change.
    expect(found[0]?.setting !== undefined).toBe(level !== 'green');
    expect(findingSchema.parse(found[0])).toEqual(found[0]);
  });

  test('is right in everything has one green row of each kind', () => {
    const facts = cameraFactsSchema.parse(cameraFacts());
    const findings = checkCamera(facts);
    expect(findings.map(({ subject }) => subject)).toEqual([...checkSubjects]);
    expect(findings.filter(({ level }) => level !== 'green')).toEqual([]);
  });

  test('tells of no stream is red once, and was checked', () => {
    const { stream: _, ...facts } = cameraFacts({ onvif: { profiles: [] } });
    expect(checkCamera(facts).filter(({ level }) => level === 'red')).toMatchObject([{ subject: 'reachability' }]);
    expect(isUnchecked(facts)).toBe(false);
  });

  test('was not reached was not checked; one that refused us was', () => {
    const onvif = { problem: { code: 'camera-unreachable', message: 'No.' }, profiles: [] };
    const gone = { connectMs: undefined, certificate: undefined };
    expect(isUnchecked(cameraFacts({ onvif, stream: failed('camera-unreachable', gone) }))).toBe(true);
    expect(isUnchecked(cameraFacts({ onvif, stream: failed('camera-denied') }))).toBe(false);
  });
});

test.each([
  [
    { percentOfCore: 38.2, realTimeFactor: 5, encoder: 'libx264 veryfast' },
    'transcoding takes about 38 % of one core here',
  ],
  [{ percentOfCore: 240, realTimeFactor: 0.7, encoder: 'libx264 ultrafast' }, 'too much for this machine'],
  [{ code: 'ffmpeg-missing', message: 'None.' }, 'could not be measured'],
  [undefined, 'kvs-edge check --cost'],
])('B-frames are red with what their repair costs: %o', (repairCost, words) => {
  const findings = checkCamera(cameraFacts({ video: { bFrames: true }, repairCost }));
  const setting = findings.find(({ subject }) => subject === 'b-frames')?.setting;
  expect(setting).toContain('set video: transcode');
  expect(setting).toContain(words);
});

describe('the table of the check', () => {
  test('has a case here for each level of each row, and none for a level it says is never', () => {
    const levels = (['green', 'amber', 'red'] as const).flatMap(level =>
      checkRows.map(row => ({ subject: row.subject, level, isPossible: row[level] !== never })),
    );
    const wrong = levels.filter(({ subject, level, isPossible }) => {
      return isPossible !== cases.some(tried => tried[1] === subject && tried[2] === level);
    });
    expect(wrong).toEqual([]);
  });

  test('stands word for word in docs/cameras.md', async () => {
    const text = await readFile(new URL('../../docs/cameras.md', import.meta.url), 'utf8');
    const section = text.slice(text.indexOf('## The camera check'));
    const written = section.split('\n').filter(line => /^\| .* \(`[a-z-]+`\) \|/.test(line));
    expect(written).toEqual(
      checkRows.map(({ title, subject, green, amber, red, change }) => {
        return `| ${title} (\`${subject}\`) | ${green} | ${amber} | ${red} | ${change} |`;
      }),
    );
  });
});

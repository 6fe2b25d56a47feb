// The findings of a camera check as the console shows them: their titles and marks, and which of them stand in the way.
import type { CameraFacts, CheckSubject, Finding } from '../../shared/camera-check.ts';
import type { Status, StatusWords } from './status.ts';

const TITLES: Record<CheckSubject, string> = {
  reachability: 'Connection',
  certificate: 'Certificate',
  'sign-in': 'Sign-in',
  transport: 'Transport',
  'packet-loss': 'Packet loss',
  sessions: 'Sessions',
  codec: 'Codec',
  resolution: 'Resolution',
  'frame-rate': 'Frame rate',
  'bit-rate': 'Bit rate',
  'key-frames': 'Key frames',
  'b-frames': 'B-frames',
  'codec-data': 'Codec data',
  audio: 'Sound',
  timestamps: 'Timestamps',
  clock: 'Clock',
  limits: 'Limits',
  onvif: 'ONVIF',
  streams: 'Streams',
  encoder: 'Encoder',
};

/** Without these there is no video; what else is wrong costs quality, and the owner may live with it. */
const NEEDED: ReadonlySet<CheckSubject> = new Set<CheckSubject>([
  ...(['reachability', 'certificate', 'sign-in', 'transport', 'codec'] as const),
  ...(['key-frames', 'b-frames', 'codec-data', 'limits'] as const),
]);
const REPAIRED: ReadonlySet<CheckSubject> = new Set<CheckSubject>(['codec', 'key-frames', 'b-frames', 'limits']);

const STATUSES: Record<Finding['level'], Status> = { green: 'ok', amber: 'attention', red: 'failed' };
const MARKS: Record<Finding['level'], { mark: string; words: string }> = {
  green: { mark: '✓', words: 'Good' },
  amber: { mark: '!', words: 'Look at' },
  red: { mark: '✗', words: 'Problem' },
};

export type FindingWords = {
  title: string;
  status: Status;
  mark: string;
  /** What the mark means, for those who cannot see it. */
  meaning: string;
  sentence: string;
  setting: string | undefined;
};

/** A finding in words that make sense away from the command line. */
export function findingWords({ subject, level, sentence, setting }: Finding): FindingWords {
  const { mark, words } = MARKS[level];
  return {
    title: TITLES[subject],
    status: STATUSES[level],
    mark,
    meaning: words,
    sentence: sentence.replace(/ Look longer with --seconds\.$/, ''),
    // What to do about a certificate is a button beside it.
    setting: subject === 'certificate' ? undefined : setting?.replace(/^check with --user NAME; /, ''),
  };
}

/** What a whole check comes to. */
export function conclusionWords(findings: readonly Finding[]): StatusWords {
  const count = (level: Finding['level']) => findings.filter(finding => finding.level === level).length;
  const [reds, ambers] = [count('red'), count('amber')];
  if (reds > 0) return { status: 'failed', words: `${reds} to change${ambers > 0 ? `, ${ambers} to look at` : ''}` };
  return ambers > 0
    ? { status: 'attention', words: `Works; ${ambers} to look at` }
    : { status: 'ok', words: 'All is well' };
}

/** What keeps the camera from working at all. `transcode`: the agent is to make its pictures anew. */
export function blockers(findings: readonly Finding[], { transcode }: { transcode: boolean }): Finding[] {
  return findings.filter(({ subject, level }) => {
    return level === 'red' && NEEDED.has(subject) && !(transcode && REPAIRED.has(subject));
  });
}

/** The findings that making its pictures anew would take care of. */
export function repairable({ findings, facts }: { findings: readonly Finding[]; facts: CameraFacts }): Finding[] {
  if (!facts.stream?.video) return [];
  return findings.filter(({ subject, level }) => level !== 'green' && REPAIRED.has(subject));
}

/** What re-encoding costs on the device, as measured with the camera's own pictures. */
export function repairCostWords({ repairCost }: CameraFacts): string {
  if (repairCost === undefined) return 'It takes a good part of a processor core on the device.';
  if ('code' in repairCost) return `What it costs is not known: ${repairCost.message}`;
  const { percentOfCore, realTimeFactor, encoder } = repairCost;
  const share = `It takes about ${Math.max(1, Math.round(percentOfCore))} % of a processor core on the device (${encoder}).`;
  return realTimeFactor < 1.2 ? `${share} That is more than this device can do beside its other work.` : share;
}

/** The sign-in of a check in words. `signedIn`: a user was given. `denied`: another user or password may help. */
export function signInVerdict(
  { facts: { stream, onvif }, findings }: { facts: CameraFacts; findings: readonly Finding[] },
  { signedIn }: { signedIn: boolean },
): StatusWords & { denied: boolean } {
  const isRed = (wanted: CheckSubject) => findings.some(({ subject, level }) => subject === wanted && level === 'red');
  const isRefused = [stream?.problem?.code, onvif?.problem?.code].includes('camera-denied');
  // A stream that came all the same is what counts; that ONVIF refuses stands among the findings.
  if (isRefused && !stream?.video) {
    const words = signedIn ? 'Wrong user or password' : 'It asks for a user and a password';
    return { status: 'failed', words, denied: true };
  }
  if (isRed('certificate')) return { status: 'attention', words: 'Its certificate is not known', denied: false };
  if (isRed('reachability')) return { status: 'failed', words: 'Not reached', denied: false };
  return { status: 'ok', words: stream?.signIn === 'none' ? 'Needs no sign-in' : 'Signed in', denied: false };
}

/** The certificate the camera showed, when nobody vouches for it; colon-separated SHA-256. */
export function unknownCertificate({ stream, onvif }: CameraFacts): string | undefined {
  if (stream?.problem?.code === 'camera-certificate' && stream.certificate) return stream.certificate.fingerprint;
  if (onvif?.problem?.code !== 'camera-certificate') return undefined;
  return /([\da-f]{2}:){31}[\da-f]{2}|[\da-f]{64}/i.exec(onvif.problem.message)?.[0];
}

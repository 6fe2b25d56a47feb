// How a camera is reached: whether it answers, whom it lets in, how its packets travel.
import type { CameraFacts, StreamFacts } from '../../../shared/camera-check.ts';
import { amber, type CheckRow, green, never, red, type Verdict } from '../check-row.ts';

const slowConnectMs = 500;
/** Problems that another row tells. */
const toldElsewhere = new Set([
  'camera-denied',
  'camera-certificate',
  'camera-transport',
  'camera-codec-unsupported',
  'camera-no-video',
]);

export const connectionRows: readonly CheckRow[] = [
  {
    subject: 'reachability',
    title: 'Connection',
    green: 'connects within 0.5 s and stays',
    amber: 'takes longer',
    red: 'not reached, speaks no RTSP, has no such stream, no room for a viewer, or leaves',
    change: 'cable, Wi-Fi, address, port and path of `url`',
    judge: reachability,
  },
  {
    subject: 'sign-in',
    title: 'Sign-in',
    green: 'digest, basic inside TLS, or none asked for',
    amber: 'basic without TLS: the password crosses the network readable',
    red: 'refused, or asked for and none given',
    change: '`username` and `password`; RTSP authentication “digest” on the camera',
    judge: ({ stream }) => stream && signIn(stream),
  },
  {
    subject: 'transport',
    title: 'Transport',
    green: 'TCP',
    amber: 'UDP only: what the network loses is lost',
    red: 'does not offer the way that `transport` asks for',
    change: '`transport`; RTP over RTSP (TCP, interleaved) on the camera',
    judge: ({ stream }) => stream && transport(stream),
  },
  {
    subject: 'certificate',
    title: 'Certificate',
    green: 'vouched for, or the one in `tlsFingerprint`',
    amber: never,
    red: 'neither: nothing was said to the camera',
    change: '`tlsFingerprint`, when the fingerprint shown is the camera’s',
    judge: ({ stream }) => stream && certificate(stream),
  },
  {
    subject: 'packet-loss',
    title: 'Packet loss',
    green: 'every packet arrived',
    amber: 'up to 1 % lost',
    red: 'more than 1 % lost',
    change: '`transport: tcp`; cable or Wi-Fi; bit rate',
    judge: ({ stream }) => stream && packetLoss(stream),
  },
  {
    subject: 'sessions',
    title: 'Sessions',
    green: 'lets a second viewer in (looked at with `--sessions`)',
    amber: 'has room for one viewer only',
    red: never,
    change: 'close other viewers, or let them watch the sub stream',
    judge: ({ stream }) => stream && sessions(stream),
  },
];

function reachability({ stream, onvif }: CameraFacts): Verdict | undefined {
  if (!stream) {
    if (!onvif) return undefined;
    return red('no stream', 'The camera tells of no stream that could be checked.', 'give the address of its stream');
  }
  const { connectMs, problem } = stream;
  if (problem && !toldElsewhere.has(problem.code)) {
    const value = connectMs === undefined ? 'not reached' : 'reached, no video';
    return red(value, problem.message, 'url of this camera, or its network');
  }
  if (connectMs === undefined) return undefined;
  const ms = `${Math.max(1, Math.round(connectMs))} ms`;
  if (connectMs <= slowConnectMs) return green(ms, `Connected in ${ms}.`);
  return amber(
    ms,
    `Connecting took ${ms}: the network to it is slow, or the camera busy.`,
    'cable or Wi-Fi of the camera',
  );
}

function signIn({ signIn, signedIn, tls, problem }: StreamFacts): Verdict | undefined {
  if (problem?.code === 'camera-denied') return denied(problem.message, signedIn);
  if (signIn === undefined) return undefined;
  if (signIn === 'none') return green('none', 'It asks for no password: who reaches it can watch it.');
  if (signIn === 'digest') return green('digest', 'Signed in by digest.');
  if (tls) return green('basic', 'Signed in by basic authentication, inside TLS.');
  return amber(
    'basic',
    'Signed in by basic authentication: everybody on the way can read the password.',
    'set RTSP authentication to digest on the camera, or use its rtsps:// address',
  );
}

function denied(message: string, signedIn: boolean): Verdict {
  if (signedIn) return red('refused', message, 'username and password of this camera');
  const sentence = 'It asks for a user name and a password, and none was given.';
  return red('asked for', sentence, 'check with --user NAME; username and password of this camera');
}

function transport({ transport, tls, problem }: StreamFacts): Verdict | undefined {
  if (problem?.code === 'camera-transport') return red('refused', problem.message, 'transport: auto for this camera');
  if (transport === 'tcp') return green(tls ? 'TLS' : 'TCP', `Packets come over ${tls ? 'TLS' : 'TCP'}: none is lost.`);
  if (transport === undefined) return undefined;
  return amber(
    'UDP',
    'Packets come over UDP only: what the network loses is missing in the picture.',
    'allow RTP over RTSP (TCP, interleaved) in the camera’s network settings',
  );
}

function certificate({ certificate, problem }: StreamFacts): Verdict | undefined {
  if (!certificate) return undefined;
  const { vouchedFor } = certificate;
  const fingerprint = certificate.fingerprint.replaceAll(':', '').toLowerCase();
  if (problem?.code === 'camera-certificate') {
    const sentence = 'No authority vouches for its certificate, nor do the settings: nothing was said to it.';
    return red('unknown', sentence, `if this is the fingerprint of your camera, set tlsFingerprint: ${fingerprint}`);
  }
  if (vouchedFor) return green('vouched for', 'An authority that this machine trusts vouches for its certificate.');
  return green('as set', 'It shows the certificate that tlsFingerprint names.');
}

function packetLoss({ packets, transport }: StreamFacts): Verdict | undefined {
  if (!packets || packets.received === 0) return undefined;
  const { received, lost } = packets;
  const share = lost / (received + lost);
  const percent = `${(100 * share).toPrecision(2)} %`;
  if (lost === 0) return green('none', `All ${received} packets arrived.`);
  const sentence = `${lost} of ${received + lost} packets (${percent}) did not arrive.`;
  const setting =
    transport === 'udp'
      ? 'transport: tcp for this camera, if it can'
      : 'cable or Wi-Fi of the camera, or a lower bit rate';
  return share > 0.01 ? red(percent, sentence, setting) : amber(percent, sentence, setting);
}

function sessions({ secondSession }: StreamFacts): Verdict | undefined {
  if (secondSession === undefined) return undefined;
  if (secondSession === 'allowed') return green('two or more', 'It lets a second viewer in.');
  const sentence = 'It lets no second viewer in: whoever else watches it may push the agent out.';
  return amber('one', sentence, 'close other viewers, or let them watch the sub stream');
}

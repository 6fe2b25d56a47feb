// What a camera says of itself over ONVIF: who it is, its streams, how its encoder is set.
import type { CameraFacts, OnvifFacts, ProfileFacts } from '../../../shared/camera-check.ts';
import { amber, type CheckRow, green, never, red, secondsWords, type Verdict } from '../check-row.ts';

const goodGopSeconds = 4;
const longGopSeconds = 10;
/** Key frames further apart than set by so much: the camera decides for itself. */
const smartFactor = 1.5;

export const onvifRows: readonly CheckRow[] = [
  {
    subject: 'onvif',
    title: 'ONVIF',
    green: 'answers and lets us in',
    amber: 'does not answer, or not as it should',
    red: 'refuses the sign-in',
    change: 'ONVIF and an ONVIF user on the camera; its clock',
    judge: ({ onvif }) => onvif && device(onvif),
  },
  {
    subject: 'streams',
    title: 'Streams',
    green: 'one row for each stream the camera has, and what to use it for',
    amber: never,
    red: never,
    change: never,
    judge: ({ onvif }) => onvif?.profiles.map(stream),
  },
  {
    subject: 'encoder',
    title: 'Encoder',
    green: 'set to a key frame at least every 4 s, and does so',
    amber: 'set to 4 to 10 s, or sends them less often than set: a “smart” codec',
    red: 'set to more than 10 s',
    change: 'key frame (I-frame, GOV length) interval on the camera',
    judge: encoder,
  },
];

function device({ problem, manufacturer, model, firmware }: OnvifFacts): Verdict {
  if (problem?.code === 'camera-denied')
    return red('refused', problem.message, 'an ONVIF user on the camera with this name and password; its clock');
  if (problem) return amber('no answer', problem.message, 'turn ONVIF on in the camera’s network settings');
  const name = [manufacturer, model].filter(part => part !== undefined).join(' ') || 'answers';
  return green(name, `${name}${firmware === undefined ? '' : `, firmware ${firmware}`}.`);
}

function stream(profile: ProfileFacts): Verdict {
  const { name, role, codec, width, height, fps, kbps, checked } = profile;
  const size = width === undefined || height === undefined ? '' : `${width}×${height}`;
  const details = [
    ...[codec, size].filter(Boolean),
    ...(fps === undefined ? [] : [`${fps}/s`]),
    ...(kbps === undefined ? [] : [`${kbps} kbit/s`]),
  ].join(' ');
  const value = [role === 'other' ? 'stream' : role, size].filter(Boolean).join(' ');
  return green(value, `“${name}”: ${details || 'no video'}${checked ? ', the one checked' : ''}. ${purposes[role]}`);
}

const purposes: Record<ProfileFacts['role'], string> = {
  main: 'Main stream: for recording.',
  sub: 'Sub stream: for a slow uplink.',
  other: 'Another view or size of it.',
};

function encoder({ stream, onvif }: CameraFacts): Verdict | undefined {
  const checked = onvif?.profiles.find(profile => profile.checked);
  if (checked?.gopLength === undefined || checked.fps === undefined) return undefined;
  const setSeconds = checked.gopLength / checked.fps;
  const value = `${checked.gopLength} pictures`;
  const words = `It is set to a key frame every ${checked.gopLength} pictures, ${secondsWords(setSeconds)}`;
  const setting = `set the key frame interval (GOV length) to ${Math.round(2 * checked.fps)} on the camera, no “smart” codec`;
  const seen = Math.max(0, ...(stream?.video?.gopSeconds ?? []));
  if (setSeconds > longGopSeconds) return red(value, `${words}.`, setting);
  if (seen > setSeconds * smartFactor)
    return amber(
      value,
      `${words}, and sends one every ${secondsWords(seen)}: a “smart” codec seems to be on.`,
      setting,
    );
  return setSeconds > goodGopSeconds ? amber(value, `${words}.`, setting) : green(value, `${words}.`);
}

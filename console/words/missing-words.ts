// Why a stretch of video is missing, in a few words, by the stable code the agent gives. A sentence of the agent's own
// passes as it is.

const WORDS: Record<string, string> = {
  'camera-unreachable': 'it did not answer',
  'camera-host-unknown': 'its name was not known on the network',
  'camera-denied': 'it refused the password',
  'camera-not-found': 'there was no stream at its address',
  'camera-not-rtsp': 'what answered was no camera',
  'camera-transport': 'it refused the way of transport',
  'camera-b-frames': 'it sent B-frames',
  'camera-codec-unsupported': 'it sent a codec the service does not take',
  'camera-gop-too-long': 'no key frame came for too long',
  'camera-no-video': 'it sent no video',
  'camera-stalled': 'its stream stood still',
  'camera-ended': 'it ended the stream',
  'camera-failed': 'its stream broke',
  'camera-busy': 'it had no room for another viewer',
  'camera-certificate': 'its certificate was not known',
  'camera-audio-unsupported': 'it sent sound that could not be kept',
  'camera-answer-invalid': 'what it answered could not be read',
  'camera-packets-lost': 'packets were lost on the network',
  'camera-no-timestamps': 'its pictures had no times',
  'device-missing': 'it was not plugged in',
  'device-busy': 'another program used it',
  'encoder-failed': 'its pictures could not be re-encoded',
  'camera-removed': 'it was removed from the settings',
  'settings-changed': 'its settings were changed',
  'ffmpeg-missing': 'ffmpeg was not installed',
  'disk-full': 'the disk was full',
  'disk-read-only': 'the disk took nothing',
  'disk-failed': 'the disk failed',
};

/** Completes "camera offline: …" or "lost: …". */
export function missingWords(reason: string): string {
  return Object.hasOwn(WORDS, reason) ? (WORDS[reason] ?? reason) : reason;
}

// The camera's address and credentials as a script for ffmpeg's concat demuxer. It travels over stdin, so that neither
// `ps` nor /proc/PID/cmdline shows the password.
import type { Secret } from '../secret.ts';

export type CameraAddress = { url: string; username?: string | undefined; password?: Secret | undefined };

export type OpenOptions = {
  /** Longest wait for the camera's next byte; while a stream runs, ffmpeg waits twice as long. */
  ioTimeoutMs: number;
  /** How much of the stream ffmpeg looks at before it decides what it is. */
  probe: Probe;
  transport: 'tcp' | 'udp';
};

/**
 * `short` is enough when the camera describes its stream, and saves seconds at every reconnection; `long` also finds
 * the picture's size when it must wait for the next key frame.
 */
export type Probe = 'short' | 'long';

const analyzeMicroseconds: Record<Probe, number> = { short: 500_000, long: 20_000_000 };
const probeBytes: Record<Probe, number> = { short: 500_000, long: 50_000_000 };

/** The script. Contains the password in clear: hand it to ffmpeg's stdin and to nothing else. */
export function cameraScript(camera: CameraAddress, { ioTimeoutMs, probe, transport }: OpenOptions): string {
  return [
    'ffconcat version 1.0',
    `file '${urlWithCredentials(camera)}'`,
    `option rtsp_transport ${transport}`,
    `option timeout ${ioTimeoutMs * 1000}`,
    `option analyzeduration ${analyzeMicroseconds[probe]}`,
    `option probesize ${probeBytes[probe]}`,
    '',
  ].join('\n');
}

/** Options for reading that script: the stream is probed twice, inside the script and as the script's result. */
export function inputOptions({ url }: CameraAddress, probe: Probe): string[] {
  const protocols = ['pipe', 'rtsp', 'rtp', 'tcp', 'udp', ...(url.startsWith('rtsps:') ? ['tls', 'crypto'] : [])];
  return [
    ...['-hide_banner', '-loglevel', 'level+warning', '-safe', '0'],
    ...['-protocol_whitelist', protocols.join(',')],
    ...['-analyzeduration', String(analyzeMicroseconds[probe]), '-probesize', String(probeBytes[probe])],
  ];
}

/** Contains the password in clear, and nothing that would end a string of a script. */
export function urlWithCredentials({ url, username, password }: CameraAddress): string {
  const address = withoutSpecials(url).replace(/^([a-z]+:\/\/)(?:[^/?#]*@)?/, '$1');
  if (username === undefined) return address;
  const userinfo = `${percentEncoded(username)}:${percentEncoded(password?.reveal() ?? '')}@`;
  return address.replace('://', () => `://${userinfo}`);
}

/** Every character but letters, digits, - . _ ~ — among the others is the quote that would end the script's string. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Quotes, blanks, line ends and control characters could say something else to the script's parser. */
function withoutSpecials(url: string): string {
  return [...url]
    .map(character =>
      character <= ' ' || character === "'" ? encodeURIComponent(character).replace("'", '%27') : character,
    )
    .join('');
}

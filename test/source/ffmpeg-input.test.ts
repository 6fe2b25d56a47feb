// What an address means to ffmpeg, as a table: the arguments anybody can read, and the script nobody can.
import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { Secret } from '../../agent/secret.ts';
import { type CameraInput, ffmpegInput, type PlaceAddress } from '../../agent/source/ffmpeg-input.ts';

const options = { ioTimeoutMs: 5_000, arrivalTimes: false };
const inputOf = (url: string, rest: Partial<PlaceAddress> = {}) => ffmpegInput({ url, ...rest }, options);

/** The part of the command line that belongs to the camera. */
function visible(input: CameraInput): string {
  const place = 'programs' in input ? [...input.programs, ...input.args] : Object.values(input.input);
  return [...input.inputOptions, ...place, '→', ...input.outputOptions].join(' ');
}

test.each([
  {
    url: 'v4l2:/dev/video0?input_format=h264&size=1280x720&fps=25',
    says: '-input_format h264 -video_size 1280x720 -framerate 25 /dev/video0 v4l2 → -map 0:v:0 -c:v copy',
  },
  {
    url: 'v4l2:/dev/v4l/by-id/usb-046d_HD_Pro-video-index0?input_format=mjpeg',
    says: '-input_format mjpeg /dev/v4l/by-id/usb-046d_HD_Pro-video-index0 v4l2 → -map 0:v:0 -c:v copy',
  },
  {
    url: 'v4l2:/dev/video0?input_format=yuyv422&size=640x480',
    says: '-input_format yuyv422 -video_size 640x480 /dev/video0 v4l2 → -map 0:v:0 -c:v mjpeg',
  },
  { url: 'v4l2:/dev/video0', says: '/dev/video0 v4l2 → -map 0:v:0 -c:v mjpeg' },
  { url: 'libcamera:', says: '--timeout 0 --camera 0 --codec h264 --inline --width 1280 --height 720 --framerate 25' },
  { url: 'libcamera:1?size=1920x1080&fps=15', says: '--width 1920 --height 1080 --framerate 15 --intra 30 --flush' },
  { url: 'file:///srv/gate%201%23.mp4', says: 'file -re -stream_loop -1 file:/srv/gate 1#.mp4 →' },
])('$url is read by $says', ({ url, says }) => {
  expect(visible(inputOf(url))).toContain(says);
});

test.each([
  'v4l2:video0',
  'v4l2:/etc/passwd',
  'v4l2:/dev/../etc/passwd',
  'v4l2:/dev/video0?size=huge',
  'v4l2:/dev/video0?fps=0',
  'v4l2:/dev/video0?fps=fast',
  'v4l2:/dev/video0?input_format=-i',
  'v4l2:/dev/video0?resolution=1280x720',
  'libcamera:front',
  'libcamera:0?size=1x1x1',
  'file://other-machine/video.mp4',
  'concat:/etc/passwd',
])('%s is refused, with what an address looks like', url => {
  const refused = () => inputOf(url);
  expect(refused).toThrow(AgentError);
  expect(refused).toThrow('should look like');
});

test('a sign-in travels in the script alone, in which nothing can end its string', () => {
  const password = `p@ss:w/rd#%&+ü "'`;
  const input = inputOf("http://10.0.0.20:8080/it's?a=b c", { username: "ad'min", password: new Secret(password) });
  if (!('input' in input && 'script' in input.input)) throw new Error('There is no script');
  const [, file, ...rest] = input.input.script.split('\n');
  expect(file).toMatch(/^file 'http:\/\/ad%27min:[\w%.~-]+@10\.0\.0\.20:8080\/it%27s\?a=b%20c'$/);
  expect(decodeURIComponent(/ad%27min:([^@]+)@/.exec(file ?? '')?.[1] ?? '')).toBe(password);
  expect(rest).toEqual(['option rw_timeout 5000000', '']);
  expect(input.name).toBe('10.0.0.20:8080');
  expect([...input.inputOptions, ...input.outputOptions].join(' ')).not.toContain('10.0.0.20');
});

test('a camera leads ffmpeg to no other protocol than its own, and https is never unchecked', () => {
  const protocols = (input: CameraInput) => input.inputOptions[input.inputOptions.indexOf('-protocol_whitelist') + 1];
  expect(protocols(inputOf('http://10.0.0.20/live.m3u8'))).toBe('pipe,http,tcp,crypto');
  expect(protocols(inputOf('https://10.0.0.20/live.m3u8'))).toBe('pipe,http,tcp,crypto,https,tls');
  expect(protocols(inputOf('file:///srv/a.mp4'))).toBe('file');
  const encrypted = inputOf('https://10.0.0.20/video');
  expect('input' in encrypted && 'script' in encrypted.input && encrypted.input.script).toContain(
    'option tls_verify 1',
  );
  expect(() => inputOf('https://10.0.0.20/video', { tlsFingerprint: 'ab'.repeat(32) })).toThrow('rtsps:// only');
});

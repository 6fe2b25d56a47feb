// The rate that H.264 streams say they have, as x264 writes it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { avcFramesPerSecond } from '../../agent/codec/sps-timing.ts';

const run = promisify(execFile);

/** The first sequence parameter set of a stream of one picture. */
async function sequenceParameters(rate: string, x264: string): Promise<Buffer> {
  const input = ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=160x128:rate=${rate}`];
  const output = ['-frames:v', '1', '-c:v', 'libx264', '-x264-params', x264, '-f', 'h264', 'pipe:1'];
  const { stdout } = await run('ffmpeg', [...input, ...output], { encoding: 'buffer' });
  const start = stdout.indexOf(Buffer.of(0, 0, 1, 0x67)) + 3;
  return stdout.subarray(start, stdout.indexOf(Buffer.of(0, 0, 1), start) - 1);
}

test.each([
  ['25', 'fullrange=off', 25],
  ['30000/1001', 'videoformat=pal:colorprim=bt709:transfer=bt709:colormatrix=bt709', 29.97],
  ['10', 'sar=7/5:overscan=show:chromaloc=2', 10],
  ['12.5', 'nal-hrd=vbr:vbv-maxrate=500:vbv-bufsize=500', 12.5],
])('%s pictures a second with %s', async (rate, x264, expected) => {
  expect(avcFramesPerSecond(await sequenceParameters(rate, x264))).toBe(expected);
});

test('a parameter set that is cut anywhere says nothing, or what the whole one says', async () => {
  const whole = await sequenceParameters('25', 'fullrange=off');
  const answers = Array.from({ length: whole.length }, (_, length) => avcFramesPerSecond(whole.subarray(0, length)));
  expect(answers.filter(fps => fps !== undefined && fps !== 25)).toEqual([]);
});

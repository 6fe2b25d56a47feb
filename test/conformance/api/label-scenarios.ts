// DetectLabels, on pictures that ffmpeg makes and, where there is one, on a photograph of a person.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { libraries, type Refusal, refusedWith, type Scenario } from './scenario.ts';

export const footage = join(import.meta.dirname, '../../../../shared/media/room-person.mp4');

/** JPEG, unless told. */
function picture(input: readonly string[], codec = 'mjpeg'): Uint8Array {
  const args = ['-v', 'error', ...input, '-frames:v', '1', '-c:v', codec, '-f', 'image2pipe', '-'];
  return execFileSync('ffmpeg', args, { maxBuffer: 2 ** 26 });
}

const grey = (size: string, codec?: string) => picture(['-f', 'lavfi', '-i', `color=gray:s=${size}`], codec);
const person = () => picture(['-ss', '30', '-i', footage]);

const operation = 'DetectLabels';
const invalidParameter: Refusal = ['InvalidParameterException', 400];
const ofBytes = (Bytes: Uint8Array) => ({ Image: { Bytes } });

const onFootage: Scenario<unknown>[] = [
  {
    ...{ operation, what: 'a person, and where' },
    input: () => ({ ...ofBytes(person()), MinConfidence: 70 }),
    holds({ answer }) {
      const box = Object.fromEntries(['Width', 'Height', 'Left', 'Top'].map(side => [side, expect.any(Number)]));
      expect(answer).toEqual({
        LabelModelVersion: '3.0',
        Labels: [
          {
            ...{ Name: 'Person', Confidence: expect.any(Number), Parents: [], Aliases: [{ Name: 'Human' }] },
            Categories: [{ Name: 'Person Description' }],
            Instances: [{ BoundingBox: box, Confidence: expect.any(Number) }],
          },
        ],
      });
    },
  },
  ...Object.entries({ MaxLabels: 0, Settings: { GeneralLabels: { LabelExclusionFilters: ['Person'] } } }).map(
    ([member, value]): Scenario<unknown> => ({
      ...{ operation, what: `${member} leaves nothing`, clients: libraries },
      input: () => ({ ...ofBytes(person()), [member]: value }),
      holds: ({ answer }) => expect(answer.Labels).toEqual([]),
    }),
  ),
];

export const labelScenarios: Scenario<unknown>[] = [
  ...(existsSync(footage) ? onFootage : []),
  ...['mjpeg', 'png'].map(
    (codec): Scenario<unknown> => ({
      ...{ operation, what: `nothing on a grey ${codec}` },
      ...(codec === 'png' ? { clients: libraries } : {}),
      input: () => ofBytes(grey('320x240', codec)),
      holds: ({ answer }) => expect(answer).toEqual({ Labels: [], LabelModelVersion: '3.0' }),
    }),
  ),
  {
    ...{ operation, what: 'text', refused: ['InvalidImageFormatException', 400] },
    input: () => ofBytes(Buffer.from('hello, this is no image')),
  },
  {
    ...{ operation, what: 'a JPEG that was cut', refused: ['InvalidImageFormatException', 400], clients: libraries },
    input: () => ofBytes(grey('320x240').subarray(0, 300)),
  },
  {
    ...{ operation, what: 'more than 5 MiB', refused: ['ImageTooLargeException', 400], clients: libraries },
    input: () => ofBytes(new Uint8Array(5_242_881)),
  },
  {
    ...{ operation, what: 'a picture in S3', refused: ['InvalidS3ObjectException', 400] },
    input: () => ({ Image: { S3Object: { Bucket: 'bucket', Name: 'n' } } }),
  },
  ...refusedWith<unknown>(
    operation,
    () => ofBytes(grey('320x240')),
    {
      'no picture': { Image: undefined },
      'neither bytes nor S3': { Image: {} },
      'a side of 79 pixels': ofBytes(grey('79x200')),
      'a confidence of 101': { MinConfidence: 101 },
      'labels below 0': { MaxLabels: -1 },
      'image properties, which are not served': { Features: ['IMAGE_PROPERTIES'] },
    },
    invalidParameter,
  ),
];

// Settings of a Kinesis data stream.
import { z } from 'zod';
import { awsPlace } from './aws-place.ts';

export const kinesisSchema = z
  .strictObject({
    streamName: z
      .string()
      .regex(/^[a-zA-Z0-9_.-]{1,128}$/, 'must be letters, digits, _ . and -, at most 128 characters')
      .describe('The data stream. The partition key is the camera, so that each camera’s events stay in order.')
      .meta({ examples: ['alerts'] }),
    ...awsPlace,
  })
  .meta({ examples: [{ streamName: 'alerts' }] });

export type KinesisSettings = z.output<typeof kinesisSchema>;

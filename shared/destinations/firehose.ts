// Settings of an Amazon Data Firehose stream.
import { z } from 'zod';
import { awsPlace } from './aws-place.ts';

export const firehoseSchema = z
  .strictObject({
    streamName: z
      .string()
      .regex(/^[a-zA-Z0-9_.-]{1,64}$/, 'must be letters, digits, _ . and -, at most 64 characters')
      .describe('The Firehose stream. Each event is one line of JSON.')
      .meta({ examples: ['alerts-to-s3'] }),
    ...awsPlace,
  })
  .meta({ examples: [{ streamName: 'alerts-to-s3' }] });

export type FirehoseSettings = z.output<typeof firehoseSchema>;

// Settings of an Amazon SNS topic.
import { z } from 'zod';
import { arn, awsPlace } from './aws-place.ts';

const example = 'arn:aws:sns:eu-central-1:123456789012:alerts';

export const snsSchema = z
  .strictObject({
    topicArn: arn('sns', '[a-zA-Z0-9_-]{1,256}(\\.fifo)?', example).describe(
      'The topic. One that ends in .fifo keeps the order of each camera.',
    ),
    ...awsPlace,
  })
  .meta({ examples: [{ topicArn: example }] });

export type SnsSettings = z.output<typeof snsSchema>;

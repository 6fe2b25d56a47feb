// Settings of an Amazon SQS queue.
import { z } from 'zod';
import { webAddress } from '../names.ts';
import { awsPlace } from './aws-place.ts';

const example = 'https://sqs.eu-central-1.amazonaws.com/123456789012/alerts';

export const sqsSchema = z
  .strictObject({
    queueUrl: webAddress(example).describe('The queue. One that ends in .fifo keeps the order of each camera.'),
    ...awsPlace,
  })
  .meta({ examples: [{ queueUrl: example }] });

export type SqsSettings = z.output<typeof sqsSchema>;

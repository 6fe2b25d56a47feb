// What every destination in AWS may say of where it is and what is sent to it.
import { z } from 'zod';
import { webAddress } from '../names.ts';

export const awsPlace = {
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be the name of a region')
    .optional()
    .describe('Left out: the region in its name, or aws.region.')
    .meta({ examples: ['eu-central-1'] }),
  endpoint: webAddress('http://127.0.0.1:4566')
    .optional()
    .describe('Address of the service. Left out: aws.endpoint, or AWS itself.'),
  transform: z
    .string()
    .min(1)
    .max(16_384)
    .optional()
    .describe(
      'JSONata expression that makes the body of an event; see docs/events.md for what it is given. ' +
        'What it makes nothing of is not sent. Left out: the event as it is.',
    )
    .meta({ examples: ['{ "camera": subject, "labels": data.sightings.label, "at": time }'] }),
};

/** Region, account and resource of an ARN of one service. */
export function arn(service: string, resource: string, example: string) {
  return z
    .string()
    .regex(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:${resource}$`), `must be the ARN of it`)
    .meta({ examples: [example] });
}

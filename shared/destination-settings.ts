// Where alerts can go: named destinations, of which rules say `{ to: name }`, and webhooks written into a rule itself.
// One schema for each kind, in destinations/. Every `error` continues the sentence "<key> …"; see settings.ts.
import { z } from 'zod';
import { amqpSchema } from './destinations/amqp.ts';
import { firehoseSchema } from './destinations/firehose.ts';
import { kinesisSchema } from './destinations/kinesis.ts';
import { mqttSchema } from './destinations/mqtt.ts';
import { snsSchema } from './destinations/sns.ts';
import { sqsSchema } from './destinations/sqs.ts';
import { stompSchema } from './destinations/stomp.ts';
import { webhookSchema } from './destinations/webhook.ts';
import { id } from './names.ts';

/** A kind for each key; exactly one is set, which settings-agreement.ts holds. */
const kinds = {
  webhook: webhookSchema.optional().describe('A signed HTTP POST.'),
  amqp: amqpSchema.optional().describe('A broker of AMQP 1.0, such as RabbitMQ or ActiveMQ.'),
  stomp: stompSchema.optional().describe('A broker of STOMP, such as ActiveMQ.'),
  sns: snsSchema.optional().describe('A topic of Amazon SNS.'),
  sqs: sqsSchema.optional().describe('A queue of Amazon SQS.'),
  kinesis: kinesisSchema.optional().describe('A Kinesis data stream.'),
  firehose: firehoseSchema.optional().describe('A stream of Amazon Data Firehose.'),
  mqtt: mqttSchema.optional(),
} as const;

export const destinationKinds: readonly string[] = Object.keys(kinds);

export const destinationSchema = z.strictObject({
  id: id.describe('The name rules send to.').meta({ examples: ['ops'] }),
  ...kinds,
});

/** One entry of a rule's `then`. */
export const routeSchema = z.strictObject({
  to: id
    .optional()
    .describe('Id of one of the destinations.')
    .meta({ examples: ['ops'] }),
  webhook: webhookSchema.optional().describe('A webhook that only this rule uses.'),
});

export type DestinationSettings = z.output<typeof destinationSchema>;
export type Route = z.output<typeof routeSchema>;

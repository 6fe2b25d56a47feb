// Alerts to an Amazon SNS topic. Attributes let subscribers filter; a FIFO topic keeps the order of each camera and drops
// repeats by the alert's id.
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import type { SnsSettings } from '../../../shared/destinations/sns.ts';
import { clientOptions } from '../../aws/aws.ts';
import type { Sink, SinkOptions } from '../sink.ts';
import { awsAt, awsSink, type Entry } from './aws-batches.ts';
import { fifoOrder, messageLimits, outcomesById } from './message-batches.ts';

export function snsSink(options: SinkOptions<SnsSettings>): Sink {
  const { settings, destination, aws } = options;
  const { topicArn } = settings;
  const client = new SNSClient(clientOptions(awsAt(aws, settings, topicArn.split(':')[3])));
  return awsSink(options, {
    ...messageLimits,
    destroy: () => client.destroy(),
    async send(entries, signal) {
      const command = new PublishBatchCommand({
        TopicArn: topicArn,
        PublishBatchRequestEntries: entries.map(({ alert, body }, index) => ({
          Id: String(index),
          Message: body,
          MessageAttributes: attributesOf(alert),
          ...fifoOrder(topicArn, alert),
        })),
      });
      const { Failed = [] } = await client.send(command, { abortSignal: signal });
      return outcomesById(entries, Failed, destination);
    },
  });
}

function attributesOf({ ruleId, cameraId, kind }: Entry['alert']) {
  const attributes = { rule: ruleId, kind, ...(cameraId === undefined ? {} : { camera: cameraId }) };
  return Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
}

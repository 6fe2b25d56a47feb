// Alerts to an Amazon SQS queue. A FIFO queue keeps the order of each camera and drops repeats by the alert's id.
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SqsSettings } from '../../../shared/destinations/sqs.ts';
import { clientOptions } from '../../aws/aws.ts';
import type { Sink, SinkOptions } from '../sink.ts';
import { awsAt, awsSink } from './aws-batches.ts';
import { fifoOrder, messageLimits, outcomesById } from './message-batches.ts';

export function sqsSink(options: SinkOptions<SqsSettings>): Sink {
  const { settings, destination, aws } = options;
  const { queueUrl } = settings;
  const regionInName = /^https:\/\/(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\./.exec(queueUrl);
  const client = new SQSClient(clientOptions(awsAt(aws, settings, regionInName?.[1] ?? regionInName?.[2])));
  return awsSink(options, {
    ...messageLimits,
    destroy: () => client.destroy(),
    async send(entries, signal) {
      const command = new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: entries.map(({ alert, body }, index) => ({
          Id: String(index),
          MessageBody: body,
          MessageAttributes: { alertId: { DataType: 'String', StringValue: alert.id } },
          ...fifoOrder(queueUrl, alert),
        })),
      });
      const { Failed = [] } = await client.send(command, { abortSignal: signal });
      return outcomesById(entries, Failed, destination);
    },
  });
}

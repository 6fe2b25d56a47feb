// Alerts to an Amazon SQS queue. A FIFO queue keeps the order of each camera and drops repeats by the alert's id.
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SqsSettings } from '../../../shared/destinations/sqs.ts';
import { clientOptions } from '../../aws/aws.ts';
import type { Sink, SinkOptions } from '../sink.ts';
import { awsAt, awsSink, orderKeyOf, outcomesById } from './aws-batches.ts';

/** Queues may be set to take less than the 1 MiB of the service; this is what all of them took for years. */
const maxBytes = 256 * 1024;
const attributeBytes = 512;

export function sqsSink(options: SinkOptions<SqsSettings>): Sink {
  const { settings, destination, aws } = options;
  const { queueUrl } = settings;
  const regionInName = /^https:\/\/(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\./.exec(queueUrl);
  const client = new SQSClient(clientOptions(awsAt(aws, settings, regionInName?.[1] ?? regionInName?.[2])));
  const isFifo = queueUrl.endsWith('.fifo');
  return awsSink(options, {
    most: 10,
    mostBytes: maxBytes - 10 * attributeBytes,
    entryBytes: maxBytes - 10 * attributeBytes,
    destroy: () => client.destroy(),
    async send(entries, signal) {
      const command = new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: entries.map(({ alert, body }, index) => ({
          Id: String(index),
          MessageBody: body,
          MessageAttributes: { alertId: { DataType: 'String', StringValue: alert.id } },
          ...(isFifo ? { MessageGroupId: orderKeyOf(alert), MessageDeduplicationId: alert.id } : {}),
        })),
      });
      const { Failed = [] } = await client.send(command, { abortSignal: signal });
      return outcomesById(entries, Failed, destination);
    },
  });
}

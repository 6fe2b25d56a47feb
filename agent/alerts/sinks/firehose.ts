// Alerts to Amazon Data Firehose: one line of JSON each, as what it writes to S3 is read line by line.
import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import type { FirehoseSettings } from '../../../shared/destinations/firehose.ts';
import { clientOptions } from '../../aws/aws.ts';
import type { Sink, SinkOptions } from '../sink.ts';
import { awsAt, awsSink } from './aws-batches.ts';
import { awsEntryError } from './aws-errors.ts';

/** Of the service, before base64. */
const maxRecordBytes = 1000 * 1024;
const maxCallBytes = 4 * 1024 * 1024;

export function firehoseSink(options: SinkOptions<FirehoseSettings>): Sink {
  const { settings, destination, aws } = options;
  const client = new FirehoseClient(clientOptions(awsAt(aws, settings)));
  return awsSink(options, {
    most: 500,
    mostBytes: maxCallBytes - 500,
    entryBytes: maxRecordBytes - 1,
    destroy: () => client.destroy(),
    async send(entries, signal) {
      const command = new PutRecordBatchCommand({
        DeliveryStreamName: settings.streamName,
        Records: entries.map(({ body }) => ({ Data: Buffer.from(`${body}\n`) })),
      });
      const { RequestResponses = [] } = await client.send(command, { abortSignal: signal });
      return entries.map((_, index) => {
        const record = RequestResponses[index];
        return record?.RecordId ? undefined : awsEntryError(record?.ErrorCode, destination);
      });
    },
  });
}

// Alerts to a Kinesis data stream, one record each, with the camera as partition key. A record ends with a line break, so
// that consumers may simply join records.
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { KinesisSettings } from '../../../shared/destinations/kinesis.ts';
import { clientOptions } from '../../aws/aws.ts';
import type { Sink, SinkOptions } from '../sink.ts';
import { awsAt, awsSink, orderKeyOf } from './aws-batches.ts';
import { awsEntryError } from './aws-errors.ts';

const maxRecordBytes = 1024 * 1024;
const keyBytes = 256;

export function kinesisSink(options: SinkOptions<KinesisSettings>): Sink {
  const { settings, destination, aws } = options;
  // The SDK would speak HTTP/2 here, which one call now and then gains nothing from and proxies often do not pass on.
  const requestHandler = new NodeHttpHandler({ connectionTimeout: 5_000, requestTimeout: 15_000 });
  const client = new KinesisClient({ ...clientOptions(awsAt(aws, settings)), requestHandler });
  return awsSink(options, {
    most: 500,
    mostBytes: 5 * maxRecordBytes - 500 * (keyBytes + 1),
    entryBytes: maxRecordBytes - keyBytes - 1,
    destroy: () => client.destroy(),
    async send(entries, signal) {
      const command = new PutRecordsCommand({
        StreamName: settings.streamName,
        Records: entries.map(({ alert, body }) => ({
          Data: Buffer.from(`${body}\n`),
          PartitionKey: orderKeyOf(alert),
        })),
      });
      const { Records = [] } = await client.send(command, { abortSignal: signal });
      return entries.map((_, index) => {
        const record = Records[index];
        return record?.SequenceNumber ? undefined : awsEntryError(record?.ErrorCode, destination);
      });
    },
  });
}

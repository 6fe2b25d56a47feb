// An address that stands in for SNS, SQS, Kinesis Data Streams and Firehose: checks the signature with the embedded
// server's own verifier and the call against the service's documented limits, and follows a script of failures.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { sha256Hex } from '../../agent/local-cloud/canonical-request.ts';
import { verifySignature } from '../../agent/local-cloud/sigv4.ts';
import { WireError } from '../../agent/local-cloud/wire-error.ts';
import { Secret } from '../../agent/secret.ts';

export const accessKeyId = 'AKIDLOCAL';
export const secretAccessKey = 'a-secret-of-the-test';

const services = ['sns', 'sqs', 'kinesis', 'firehose'];

/** What happens to one call: entries by their index, the whole call by an error's name, or nothing unusual. */
export type Fault = { entries: Record<number, string> } | { call: string; status: number } | undefined;

export type Taken = { service: string; region: string; group?: string; deduplicationId?: string; body: string };

const text = (most: number) =>
  z
    .string()
    .min(1)
    .refine(value => Buffer.byteLength(value) <= most);
const base64 = (most: number) => z.base64().refine(value => Buffer.from(value, 'base64').length <= most);
const attributes = z.record(z.string(), z.strictObject({ DataType: z.literal('String'), StringValue: text(256) }));

const sqsCall = z.strictObject({
  QueueUrl: z.url(),
  Entries: z
    .array(
      z.strictObject({
        Id: z.string().regex(/^[\w-]{1,80}$/),
        MessageBody: text(262_144),
        MessageAttributes: attributes,
        MessageGroupId: text(128).optional(),
        MessageDeduplicationId: text(128).optional(),
      }),
    )
    .min(1)
    .max(10),
});
const kinesisCall = z.strictObject({
  StreamName: z.string().regex(/^[\w.-]{1,128}$/),
  Records: z
    .array(z.strictObject({ Data: base64(1_048_576), PartitionKey: text(256) }))
    .min(1)
    .max(500),
});
const firehoseCall = z.strictObject({
  DeliveryStreamName: z.string().regex(/^[\w.-]{1,64}$/),
  Records: z
    .array(z.strictObject({ Data: base64(1_024_000) }))
    .min(1)
    .max(500),
});

const decoded = (data: string) => Buffer.from(data, 'base64').toString('utf8');

export async function awsStandIn(script: Fault[] = []) {
  const taken: Taken[] = [];
  const calls: { operation: string; entries: number; bytes: number }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { method = '', url: target = '', rawHeaders, headers } = request;
    try {
      const head = { method, target, rawHeaders };
      const verifier = { accessKeyId, secretAccessKey: new Secret(secretAccessKey), services, nowMs: Date.now() };
      const caller = verifySignature(head, sha256Hex(body), verifier);
      const operation = String(headers['x-amz-target'] ?? new URLSearchParams(body.toString()).get('Action'));
      const fault = script[calls.length];
      const entries = entriesOf(operation, body.toString('utf8'));
      calls.push({
        operation,
        entries: entries.length,
        bytes: entries.reduce((sum, { body }) => sum + body.length, 0),
      });
      if (fault && 'call' in fault) return answerError(fault.call, fault.status);
      const failed = fault?.entries ?? {};
      taken.push(
        ...entries.filter((_, index) => !failed[index]).map(entry => ({ ...entry, ...caller, accessKeyId: undefined })),
      );
      const answer = answerOf(operation, entries, failed);
      response.writeHead(200, {
        'content-type': operation === 'PublishBatch' ? 'text/xml' : 'application/x-amz-json-1.1',
      });
      response.end(answer);
    } catch (error) {
      answerError(error instanceof WireError ? error.type : 'ValidationException', 400, String(error));
    }

    function answerError(name: string, status: number, message = 'as the script says'): void {
      const isQuery = !headers['x-amz-target'];
      response.writeHead(status, { 'content-type': isQuery ? 'text/xml' : 'application/x-amz-json-1.1' });
      response.end(
        isQuery
          ? `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>m</Message></Error></ErrorResponse>`
          : JSON.stringify({ __type: name, message }),
      );
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The stand-in has no port');
  return { endpoint: `http://127.0.0.1:${address.port}`, taken, calls };
}

type Entry = { group?: string; deduplicationId?: string; body: string };

function entriesOf(operation: string, body: string): Entry[] {
  switch (operation) {
    case 'AmazonSQS.SendMessageBatch':
      return sqsCall.parse(JSON.parse(body)).Entries.map(entry => ({
        body: entry.MessageBody,
        ...grouped(entry.MessageGroupId, entry.MessageDeduplicationId),
      }));
    case 'Kinesis_20131202.PutRecords':
      return kinesisCall
        .parse(JSON.parse(body))
        .Records.map(({ Data, PartitionKey }) => ({ body: decoded(Data), group: PartitionKey }));
    case 'Firehose_20150804.PutRecordBatch':
      return firehoseCall.parse(JSON.parse(body)).Records.map(({ Data }) => ({ body: decoded(Data) }));
    case 'PublishBatch':
      return snsEntries(new URLSearchParams(body));
    default:
      throw new Error(`The operation ${operation} is not known`);
  }
}

function snsEntries(form: URLSearchParams): Entry[] {
  const entries: Entry[] = [];
  for (let index = 1; index <= 11; index++) {
    const prefix = `PublishBatchRequestEntries.member.${index}.`;
    const message = form.get(`${prefix}Message`);
    if (message === null) break;
    if (index > 10) throw new Error('More than ten entries');
    if (form.get(`${prefix}Id`) === null) throw new Error('An entry without Id');
    if (form.get(`${prefix}MessageAttributes.entry.1.Value.DataType`) !== 'String') throw new Error('No attributes');
    entries.push({
      body: message,
      ...grouped(form.get(`${prefix}MessageGroupId`), form.get(`${prefix}MessageDeduplicationId`)),
    });
  }
  return entries;
}

function grouped(group: string | null | undefined, deduplicationId: string | null | undefined) {
  return { ...(group ? { group } : {}), ...(deduplicationId ? { deduplicationId } : {}) };
}

function answerOf(operation: string, entries: Entry[], failed: Record<number, string>): string {
  const indexes = entries.map((_, index) => index);
  const ok = indexes.filter(index => !failed[index]);
  const bad = indexes.filter(index => failed[index]);
  switch (operation) {
    case 'AmazonSQS.SendMessageBatch':
      return JSON.stringify({
        Successful: ok.map(index => {
          const MD5OfMessageBody = createHash('md5')
            .update(entries[index]?.body ?? '')
            .digest('hex');
          return { Id: `${index}`, MessageId: `m${index}`, MD5OfMessageBody };
        }),
        Failed: bad.map(index => ({ Id: `${index}`, Code: failed[index], SenderFault: false })),
      });
    case 'Kinesis_20131202.PutRecords':
      return JSON.stringify({
        FailedRecordCount: bad.length,
        Records: indexes.map(index =>
          failed[index]
            ? { ErrorCode: failed[index], ErrorMessage: 'm' }
            : { SequenceNumber: `${index + 1}`, ShardId: 's' },
        ),
      });
    case 'Firehose_20150804.PutRecordBatch':
      return JSON.stringify({
        FailedPutCount: bad.length,
        RequestResponses: indexes.map(index =>
          failed[index] ? { ErrorCode: failed[index] } : { RecordId: `r${index}` },
        ),
      });
    default: {
      const successful = ok.map(index => `<member><Id>${index}</Id><MessageId>m${index}</MessageId></member>`).join('');
      const unsuccessful = bad
        .map(index => `<member><Id>${index}</Id><Code>${failed[index]}</Code><SenderFault>false</SenderFault></member>`)
        .join('');
      return `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful>${successful}</Successful><Failed>${unsuccessful}</Failed></PublishBatchResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishBatchResponse>`;
    }
  }
}

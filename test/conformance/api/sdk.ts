// The AWS SDK for JavaScript, as an application has it. It checks no parameter before it asks.
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import * as control from '@aws-sdk/client-kinesis-video';
import * as archive from '@aws-sdk/client-kinesis-video-archived-media';
import * as media from '@aws-sdk/client-kinesis-video-media';
import * as rekognition from '@aws-sdk/client-rekognition';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { z } from 'zod';
import { type Access, type ApiClient, type Members, mapMembers, type Outcome, servicesOf } from './api-client.ts';

type Sender = { send(command: object): Promise<object>; destroy(): void };

const refusal = z.object({
  name: z.string(),
  message: z.string(),
  $metadata: z.object({ httpStatusCode: z.number().optional(), requestId: z.string().optional() }).optional(),
});

export function sdkForJavaScript(): ApiClient {
  const clients = new Map<string, Sender>();
  return {
    name: 'SDK for JavaScript',
    async call(operation, input, access, pageSize): Promise<Outcome> {
      const service = servicesOf[operation] ?? 'control';
      const key = JSON.stringify([service, access]);
      const client = clients.get(key) ?? clientOf(service, access);
      clients.set(key, client);
      try {
        if (pageSize !== undefined) return outcomeOf(await allPages(client, operation, input, pageSize));
        return await read(await client.send(command(operation, input)));
      } catch (error) {
        const { name, message, $metadata } = refusal.parse(error);
        const status = $metadata?.httpStatusCode;
        if (status === undefined) return { error: name, message, problems: [] };
        return { error: name, status, message, problems: $metadata?.requestId ? [] : ['no request id'] };
      }
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients.values()) client.destroy();
    },
  };
}

function clientOf(service: 'control' | 'media' | 'archive' | 'rekognition', access: Access): Sender {
  const { endpoint, verify, ...credentials } = access;
  const https = verify === undefined ? {} : { httpsAgent: new Agent({ ca: readFileSync(verify) }) };
  const requestHandler = new NodeHttpHandler({ requestTimeout: 150_000, ...https });
  const options = { endpoint, region: 'us-west-2', credentials, maxAttempts: 1, requestHandler };
  const kinds = {
    control: control.KinesisVideoClient,
    media: media.KinesisVideoMediaClient,
    archive: archive.KinesisVideoArchivedMediaClient,
    rekognition: rekognition.RekognitionClient,
  };
  // Commands are found by name and inputs may be wrong on purpose: their types say nothing here.
  return new kinds[service](options) as Sender;
}

function command(operation: string, input: Members): object {
  const modules: object[] = [control, media, archive, rekognition];
  const found = modules.map(module => Reflect.get(module, `${operation}Command`)).find(kind => kind !== undefined);
  return Reflect.construct(found, [input]);
}

/** The SDK's own paginators: `paginateListStreams` and the like. */
async function allPages(client: Sender, operation: string, input: Members, pageSize: number): Promise<Members> {
  const paginate: (options: object, input: Members) => AsyncIterable<object> = [control, archive]
    .map(module => Reflect.get(module, `paginate${operation}`))
    .find(kind => kind !== undefined);
  const merged: Members = {};
  // The paginator writes its token into what it is given.
  for await (const page of paginate({ client, pageSize }, { ...input }))
    for (const [name, value] of Object.entries(page)) {
      if (!Array.isArray(value)) continue;
      const before = merged[name];
      merged[name] = [...(Array.isArray(before) ? before : []), ...value];
    }
  return merged;
}

async function read(output: object): Promise<Outcome> {
  const { Payload, ...answer } = z.looseObject({ Payload: z.custom<Payload>().optional() }).parse(output);
  const bytes = (await Payload?.transformToByteArray()) ?? new Uint8Array();
  return { ...outcomeOf(answer), media: bytes };
}

type Payload = { transformToByteArray(): Promise<Uint8Array> };

function outcomeOf({ $metadata, ...answer }: Members): Extract<Outcome, { answer: Members }> {
  const given = Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== undefined));
  const plain = mapMembers(given, value => (value instanceof Date ? value.getTime() : value));
  return { answer: plain, media: new Uint8Array(), problems: [] };
}

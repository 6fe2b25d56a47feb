// Lists longer than a page, by each client's own paging and by hand.
import { afterAll, beforeAll, expect } from 'vitest';
import { keys, type TestCloud, testCloud } from '../../local-cloud/control-cloud.ts';
import { createStream, h264, recordAs, uploadRecording } from '../../local-cloud/stored-media.ts';
import { cell } from '../cell.ts';
import { type Access, type ClientName, clientNames, type Members } from './api-client.ts';
import { everyClient } from './every-client.ts';
import { selecting } from './media-place.ts';
import { expectAnswer, libraries } from './scenario.ts';

let running: TestCloud;
let access: Access;
let numbers: string[];
const client = everyClient();
const seconds = 5;
const startMs = Math.floor(Date.now() / 1000) * 1000 - 60_000;
const streams = ['cam', 'gate-1', 'gate-2', 'gate-3', 'yard'];

beforeAll(async () => {
  running = await testCloud();
  access = { endpoint: running.cloud.url, ...keys };
  for (const name of streams) await createStream(access.endpoint, name);
  numbers = await uploadRecording(access.endpoint, await recordAs(`${h264} -an`, seconds), startMs);
});
afterAll(async () => {
  expect(running.problems).toEqual([]);
  await running[Symbol.asyncDispose]();
});

/** A list that comes in pages: what it has in all, in order. */
type List = { operation: string; input: Members; member: string; key: string; pageSize: number; all(): unknown[] };

const lists: List[] = [
  {
    ...{ operation: 'ListStreams', input: {}, member: 'StreamInfoList', key: 'StreamName', pageSize: 2 },
    all: () => streams,
  },
  {
    ...{ operation: 'ListFragments', member: 'Fragments', key: 'FragmentNumber', pageSize: 2 },
    input: { StreamName: 'cam', ...selecting('FragmentSelector', startMs) },
    all: () => numbers,
  },
  {
    ...{ operation: 'GetImages', member: 'Images', key: 'TimeStamp', pageSize: 20 },
    input: {
      ...{ StreamName: 'cam', ImageSelectorType: 'PRODUCER_TIMESTAMP', Format: 'JPEG', HeightPixels: 36 },
      ...{ StartTimestamp: new Date(startMs), EndTimestamp: new Date(startMs + 8000), SamplingInterval: 200 },
    },
    all: () => Array.from({ length: 41 }, (_, index) => startMs + index * 200),
  },
];

async function page(name: ClientName, { operation, member, key }: List, input: Members, pageSize?: number) {
  const outcome = expectAnswer(await client(name).call(operation, input, access, pageSize));
  expect(outcome.problems).toEqual([]);
  const listed = (outcome.answer[member] as Members[]).map(entry => entry[key]);
  return { listed, NextToken: outcome.answer.NextToken };
}

for (const list of lists) {
  const { operation, input, pageSize, all } = list;
  for (const name of clientNames)
    cell({ operation, client: name }, 'all pages, by its own paging', async () => {
      expect(await page(name, list, input, pageSize)).toEqual({ listed: all(), NextToken: undefined });
    });

  for (const name of libraries)
    cell({ operation, client: name }, 'page by page, each as long as asked for', async () => {
      const pages: unknown[][] = [];
      let NextToken: unknown;
      do {
        const asked = { ...input, MaxResults: pageSize, ...(NextToken === undefined ? {} : { NextToken }) };
        const answer = await page(name, list, asked);
        pages.push(answer.listed);
        NextToken = answer.NextToken;
      } while (NextToken !== undefined);
      expect(pages.flat()).toEqual(all());
      const lengths = pages.slice(0, -1).map(({ length }) => length);
      expect(lengths).toEqual(Array.from({ length: Math.ceil(all().length / pageSize) - 1 }, () => pageSize));
    });
}

// Archived media, players' sessions and labels, as the AWS CLI, boto3 and the SDK for JavaScript ask for them.
import { afterAll, beforeAll, expect } from 'vitest';
import { keys, type TestCloud, testCloud } from '../../local-cloud/control-cloud.ts';
import { type Access, clientNames } from './api-client.ts';
import { archiveScenarios } from './archive-scenarios.ts';
import { controlPlace } from './control-place.ts';
import { everyClient } from './every-client.ts';
import { labelScenarios } from './label-scenarios.ts';
import { fillStreams, type MediaPlace } from './media-place.ts';
import { playbackScenarios } from './playback-scenarios.ts';
import { runScenarios } from './scenario.ts';

let running: TestCloud;
let access: Access;
let place: MediaPlace;
const client = everyClient();
/** Whole, and so long ago that all of it is past by the server's clock too. */
const startMs = Math.floor(Date.now() / 1000) * 1000 - 120_000;

beforeAll(async () => {
  running = await testCloud();
  access = { endpoint: running.cloud.url, ...keys };
  const { aStream } = controlPlace('named', client('SDK for JavaScript'), access);
  place = { startMs, aStream, ...(await fillStreams(running.cloud.url, startMs)) };
});
afterAll(async () => {
  expect(running.problems).toEqual([]);
  await running[Symbol.asyncDispose]();
});

runScenarios([...archiveScenarios, ...playbackScenarios, ...labelScenarios], {
  names: clientNames,
  set: name => ({ client: client(name), access, place }),
});

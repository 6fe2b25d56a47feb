// The control plane, operation by operation, as the AWS CLI, boto3 and the SDK for JavaScript use it.
import { afterAll, beforeAll, expect } from 'vitest';
import { keys, type TestCloud, testCloud } from '../../local-cloud/control-cloud.ts';
import { type Access, type ClientName, clientNames } from './api-client.ts';
import { changeScenarios } from './change-scenarios.ts';
import { type ControlPlace, controlPlace } from './control-place.ts';
import { everyClient } from './every-client.ts';
import { runScenarios } from './scenario.ts';
import { streamScenarios } from './stream-scenarios.ts';
import { configurationScenarios, tagScenarios } from './tag-scenarios.ts';

let running: TestCloud;
let access: Access;
const places = new Map<ClientName, ControlPlace>();
const client = everyClient();

beforeAll(async () => {
  running = await testCloud();
  access = { endpoint: running.cloud.url, ...keys };
  const other = client('SDK for JavaScript');
  for (const name of clientNames) places.set(name, controlPlace(name.replaceAll(' ', '-'), other, access));
});
afterAll(async () => {
  expect(running.problems).toEqual([]);
  await running[Symbol.asyncDispose]();
});

runScenarios([...streamScenarios, ...changeScenarios, ...tagScenarios, ...configurationScenarios], {
  names: clientNames,
  set(name) {
    const place = places.get(name);
    if (!place) throw new Error(`${name} has no place`);
    return { client: client(name), access, place };
  },
});

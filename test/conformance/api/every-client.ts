// The three clients of AWS's API at work beside each other, started once a test file.
import { afterAll, beforeAll } from 'vitest';
import { type ApiClient, type ClientName, clientNames } from './api-client.ts';
import { awsCli } from './aws-cli.ts';
import { boto3 } from './boto3.ts';
import { sdkForJavaScript } from './sdk.ts';

/** Asked in a test, when they run. */
export function everyClient(): (name: ClientName) => ApiClient {
  const clients: ApiClient[] = [];
  beforeAll(async () => void clients.push(await awsCli(), boto3(), sdkForJavaScript()));
  afterAll(async () => {
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
  return name => {
    const found = clients.find(client => client.name === name);
    if (!found) throw new Error(`${name} is none of ${clientNames}`);
    return found;
  };
}

// The standard chain as a device uses it: environment, shared files that change, a container's address.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openCredentials } from '../../agent/aws/credentials.ts';
import { SimulatedClock } from '../simulated-clock.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvs-edge-chain-'));
  for (const name of Object.keys(process.env).filter(key => key.startsWith('AWS_'))) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const open = () => openCredentials({ clock: new SimulatedClock(), random: Math.random });
const profile = (name: string, key: string) =>
  `[${name}]\naws_access_key_id = ${key}\naws_secret_access_key = the-secret-key\n`;
const saveProfile = (name: string, key: string) => writeFileSync(join(folder, 'credentials'), profile(name, key));

test('keys of the environment are named as such', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAENV');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'the-secret-key');
  const credentials = open();
  expect(await credentials.provider()).toMatchObject({ accessKeyId: 'AKIAENV' });
  expect(credentials.state()).toEqual({ source: 'environment' });
});

test('keys of a shared file that changed are used from the next signature on', async () => {
  vi.stubEnv('AWS_PROFILE', 'harbour');
  saveProfile('harbour', 'AKIAOLD');
  const credentials = open();
  expect((await credentials.provider()).accessKeyId).toBe('AKIAOLD');
  expect(credentials.state()).toEqual({ source: 'shared file profile harbour' });
  saveProfile('harbour', 'AKIANEWER');
  expect((await credentials.provider()).accessKeyId).toBe('AKIANEWER');
});

test('without any credentials people are told what to set; keys that come later are found', async () => {
  const credentials = open();
  await expect(credentials.provider()).rejects.toThrow();
  expect(credentials.state().problem).toContain('AWS_ACCESS_KEY_ID');
  saveProfile('default', 'AKIALATE');
  expect((await credentials.provider()).accessKeyId).toBe('AKIALATE');
  expect(credentials.state()).toEqual({ source: 'shared file profile default' });
});

test('a container’s role is asked once, and again after the service refused what it gave', async () => {
  let asked = 0;
  const expiration = new Date(Date.now() + 3_600_000).toISOString();
  const server = createServer((_, response) => {
    asked++;
    response.end(
      JSON.stringify({ AccessKeyId: `ASIA${asked}`, SecretAccessKey: 's', Token: 't', Expiration: expiration }),
    );
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `http://127.0.0.1:${port}/`);
    const credentials = open();
    await credentials.provider();
    expect((await credentials.provider()).accessKeyId).toBe('ASIA1');
    expect(credentials.state()).toEqual({ source: 'container role', expiresAtMs: Date.parse(expiration) });
    credentials.refresh();
    expect((await credentials.provider()).accessKeyId).toBe('ASIA2');
  } finally {
    server.close();
  }
});

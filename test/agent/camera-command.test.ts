// `kvs-edge camera` and the settings file itself, with agents that run: a change holds at once, passwords are seen nowhere,
// many at once are all there, and a file that a person changed is taken when asked.
import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabCloud } from '../fault-lab/lab-cloud.ts';
import { type RunningCamera, startCamera } from '../pretend-camera/running-camera.ts';
import { RunningAgent, runCli } from './running-agent.ts';

/** In whatever form the password is written, these letters stay as they are; no other test has them. */
const trace = 'canary4b7c31';
const password = `p@ss:w/rd#%&+ü "'${trace}`;

let cloud: LabCloud;
let camera: RunningCamera;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'camera-command-'));
  [cloud, camera] = await Promise.all([LabCloud.start(), startCamera(['--user', 'admin'], password)]);
});
afterAll(async () => {
  await camera?.stop();
  await cloud?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

function expectNoTrace(text: string, where: string): void {
  expect(text.includes(trace), `the password in ${where}`).toBe(false);
}

/** What every user of the machine can see of its processes. */
const processes = () => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });

test('an agent without a camera is filled while it runs, and the password is seen nowhere', async () => {
  await using agent = await RunningAgent.start(
    `# mine\naws: { endpoint: '${cloud.url}' }\nweb: { listen: 127.0.0.1:0 }\n`,
  );
  const answers = [await agent.text('/api/cameras')];
  const cli = (...args: string[]) => runCli(['camera', ...args, '--config', agent.file], { CAMERA_PASSWORD: password });

  const added = await cli('add', 'yard', camera.url, '--username', 'admin', '--password-env', 'CAMERA_PASSWORD');
  expect(added).toEqual({ code: 0, output: 'The camera yard is added.\n' });
  await expect.poll(async () => (await agent.camera('yard')).state).toBe('live');
  expectNoTrace(processes(), 'ps');

  const entry = { id: 'door', url: camera.url, username: 'admin', password };
  answers.push(JSON.stringify((await agent.ask('POST', '/api/cameras', entry)).answer));
  await expect.poll(async () => (await agent.camera('door')).state).toBe('live');
  const csv = `id,url,username,password\ngate,${camera.url},admin,"${password.replaceAll('"', '""')}"\n`;
  answers.push(JSON.stringify((await agent.ask('POST', '/api/cameras/import', { csv })).answer));
  await expect.poll(async () => (await agent.camera('gate')).state).toBe('live');
  expectNoTrace(processes(), 'ps');

  // Refusals do not repeat what was asked for.
  answers.push(JSON.stringify((await agent.ask('POST', '/api/cameras', entry)).answer));
  answers.push(JSON.stringify((await agent.ask('POST', '/api/cameras', { ...entry, id: 'x', url: password })).answer));
  answers.push(JSON.stringify((await agent.ask('PATCH', '/api/cameras/yard', { password, audio: 'loud' })).answer));
  for (const path of ['/api/cameras', '/api/cameras/yard/settings', '/api/cameras/export.csv', '/api/alerts'])
    answers.push(await agent.text(path));
  answers.push((await cli('list', '--json')).output, (await cli('export')).output);
  expect(answers.join('')).toContain('"hasPassword":true');
  expectNoTrace(answers.join('\n'), 'an answer');
  expectNoTrace(await readFile(agent.file, 'utf8'), 'the settings');
  expectNoTrace(agent.output, 'the log');
  await expect.poll(() => agent.output).toMatch(/"cameras":3,"msg":"settings.changed"/);

  await agent.restart('SIGKILL');
  await expect.poll(async () => (await agent.camera('gate')).state).toBe('live');
  expect(await readFile(agent.file, 'utf8')).toMatch(/^# mine\n/);
});

test('changes at once by the console and by commands are all there, in the file and in the agent', async () => {
  await using agent = await RunningAgent.start({ aws: { endpoint: cloud.url } });
  const url = 'rtsp://127.0.0.1:1/stream';
  const made = await Promise.all([
    ...['c1', 'c2', 'c3'].map(id => runCli(['camera', 'add', id, url, '--config', agent.file])),
    ...['a1', 'a2', 'a3'].map(id => agent.ask('POST', '/api/cameras', { id, url })),
  ]);
  expect(made.map(answer => ('code' in answer ? answer.code : answer.status))).toEqual([0, 0, 0, 201, 201, 201]);
  const { cameras } = JSON.parse(await agent.text('/api/cameras'));
  expect(cameras.map(({ id }: { id: string }) => id).sort()).toEqual(['a1', 'a2', 'a3', 'c1', 'c2', 'c3']);
  const listed = await runCli(['camera', 'list', '--json', '--config', agent.file]);
  expect(JSON.parse(listed.output)).toHaveLength(6);
});

test('without an agent commands change the file, many at once', async () => {
  const file = join(dir, 'many.yaml');
  await writeFile(file, '# mine\nsiteName: Many\ndataDir: ./many\n');
  const add = (id: string) => runCli(['camera', 'add', id, 'rtsp://10.0.0.20/1', '--config', file]);
  const runs = await Promise.all(['a', 'b', 'c'].map(add));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  const settings = await readFile(file, 'utf8');
  expect(settings).toMatch(/^# mine\nsiteName: Many\n/);
  for (const id of ['a', 'b', 'c']) expect(settings).toContain(`- id: ${id}\n`);
  expect(await add('a')).toMatchObject({ code: 1, output: expect.stringContaining('[camera-exists]') });
});

test('a file that a person changed is taken when asked; one that is wrong changes nothing', async () => {
  await using agent = await RunningAgent.start(`aws: { endpoint: '${cloud.url}' }\nweb: { listen: 127.0.0.1:0 }\n`);
  await appendFile(agent.file, 'siteName: Other\ncameras:\n  - id: hand\n    url: rtsp://127.0.0.1:1/1\n');
  agent.signal('SIGHUP');
  await expect.poll(async () => (await agent.text('/api/cameras')).includes('"hand"')).toBe(true);
  await expect.poll(() => agent.output).toMatch(/"needRestart":"siteName","msg":"settings.changed"/);
  const answer = await agent.ask('POST', '/api/cameras', { id: 'two', url: 'rtsp://127.0.0.1:1/2' });
  expect(answer).toMatchObject({ status: 201, answer: { needRestart: ['siteName'] } });
  const reloaded = await runCli(['settings', 'reload', '--config', agent.file]);
  expect(reloaded).toMatchObject({
    code: 0,
    output: expect.stringMatching(/hold once the agent is restarted: siteName\./),
  });

  await appendFile(agent.file, '  - id: [broken\n');
  agent.signal('SIGHUP');
  await expect.poll(() => agent.output).toMatch(/"msg":"settings.refused"/);
  expect((await agent.ask('POST', '/api/cameras', { id: 'three', url: 'rtsp://127.0.0.1:1/3' })).answer).toMatchObject({
    code: 'settings-unreadable',
    message: expect.stringMatching(/not valid as it is now/),
  });
  expect(await runCli(['settings', 'reload', '--config', agent.file])).toMatchObject({ code: 1 });
  expect((await agent.camera('hand')).id).toBe('hand');
  expect(agent.isRunning).toBe(true);
});

test('rules follow: a camera that they name is removed only with force, and then they do without it', async () => {
  const then = [{ webhook: { url: 'http://127.0.0.1:1/hook', secret: { env: 'HOOK_SECRET' } } }];
  const url = 'rtsp://127.0.0.1:1/stream';
  await using agent = await RunningAgent.start(
    {
      aws: { endpoint: cloud.url },
      cameras: [
        { id: 'a', url },
        { id: 'b', url },
      ],
      rules: [
        { id: 'both', when: { labels: ['Person'], cameras: ['a', 'b'] }, then },
        { id: 'only-a', when: { labels: ['Car'], cameras: ['a'] }, then },
      ],
    },
    { HOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
  );
  expect(await agent.ask('DELETE', '/api/cameras/a')).toMatchObject({
    status: 409,
    answer: { code: 'camera-in-rules', message: expect.stringContaining('both, only-a') },
  });
  const removed = await runCli(['camera', 'remove', 'a', '--force', '--config', agent.file]);
  expect(removed.output).toMatch(/not name it any more: both\.[\s\S]*removed: only-a\./);
  expect((await runCli(['settings', 'check', '--config', agent.file])).code).toBe(0);
  expect((await agent.camera('b')).id).toBe('b');
});

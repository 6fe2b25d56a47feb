// `kvs-edge check` as it is typed: what it prints, its exit codes, and where the password never is.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cameraCheckSchema } from '../../shared/camera-check.ts';
import { type RunningCamera, shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { wrongIn } from './examined.ts';

const program = new URL('../../scripts/kvs-edge', import.meta.url).pathname;
const canary = 'canary-5e1 p@ss:w/rd#%&+ü "\'';

let folder: string;
let camera: RunningCamera;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvs-edge-check-'));
  camera = await startCamera(['--video', await shortClip(), '--gop', '1', '--user', 'admin', '--b-frames'], canary);
});

afterAll(async () => {
  await camera[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

type Ran = { code: number; out: string; err: string };

function start(args: string[], password?: string): ChildProcess {
  const env = { ...process.env, ...(password === undefined ? {} : { CAMERA_PASSWORD: password }) };
  return spawn(program, ['check', ...args], { stdio: ['pipe', 'pipe', 'pipe'], env });
}

async function ran(child: ChildProcess): Promise<Ran> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('The command was started without pipes');
  const [[code], out, err] = await Promise.all([once(child, 'close'), text(stdout), text(stderr)]);
  return { code, out, err };
}

async function check(args: string[], password?: string): Promise<Ran> {
  const child = start(args, password);
  child.stdin?.end();
  return ran(child);
}

const signIn = ['--user', 'admin', '--password-env', 'CAMERA_PASSWORD', '--seconds', '2'];

test('says what to change in lines of 80 columns without colour, exits with 3, and shows the password nowhere', async () => {
  const child = start([camera.url, ...signIn], canary);
  const running = ran(child);
  const commandLine = await readFile(`/proc/${child.pid}/cmdline`, 'utf8');
  const { code, out, err } = await running;
  expect(code).toBe(3);
  expect(out).toMatch(/^✗ B-frames {5}It sends B-frames/m);
  expect(out).toMatch(/^ {15}→ set profile Baseline/m);
  expect(out).toMatch(/^✓ Codec {8}H\.264/m);
  expect(out.split('\n').filter(line => line.length > 80)).toEqual([]);
  expect(out).not.toContain('\x1b');
  expect(commandLine + out + err).not.toContain('canary');
});

test('takes the password from standard input, and prints facts and findings as the schema says', async () => {
  const child = start([camera.url, '--user', 'admin', '--seconds', '2', '--json']);
  child.stdin?.end(`${canary}\n`);
  const { code, out } = await ran(child);
  const { facts, findings } = cameraCheckSchema.parse(JSON.parse(out));
  expect(code).toBe(3);
  expect(facts.stream).toMatchObject({ signIn: 'digest', signedIn: true, video: { bFrames: true } });
  expect(wrongIn(findings).map(({ subject }) => subject)).toEqual(['b-frames']);
  expect(out).not.toContain('canary');
});

test('checks a camera of the settings with its sign-in: what is to be transcoded needs no change', async () => {
  const file = join(folder, 'kvs-edge.yaml');
  const { host, pathname } = new URL(camera.url);
  await writeFile(join(folder, 'secret'), `${canary}\n`);
  const lines = [
    'cameras:',
    '  - id: yard',
    `    url: rtsp://${host}${pathname}`,
    '    username: admin',
    '    password: { file: secret }',
    '    video: transcode',
    '  - id: board',
    '    url: libcamera:0',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const { code, out } = await check(['--config', file, '--camera', 'yard', '--seconds', '2']);
  expect(out).toMatch(/^! B-frames .*video: transcode/m);
  expect(code).toBe(0);
  const others = await Promise.all(['attic', 'board'].map(id => check(['--config', file, '--camera', id])));
  expect(others.map(({ err }) => /\[(.*)\]/.exec(err)?.[1])).toEqual(['camera-unknown', 'camera-not-rtsp']);
});

test('exits with 1 when nobody is there', async () => {
  const { code, out } = await check(['rtsp://127.0.0.1:1/stream1']);
  expect(code).toBe(1);
  expect(out).toMatch(/^✗ Connection {3}The camera at 127\.0\.0\.1:1 cannot be reached/m);
});

test.each([
  [['rtsp://admin:canary-5e1@127.0.0.1/stream1'], 'must not hold a user or password'],
  [['10.0.0.1', 'http://admin:canary-5e1@127.0.0.1/'], 'must not hold a user or password'],
  [[], 'ADDRESS is missing'],
  [['ftp://10.0.0.20/'], 'ADDRESS is a host'],
  [['rtsp://admin:canary-5e1/@10.0.0.20/'], 'ADDRESS is a host'],
  [['10.0.0.20', '--seconds', '1000'], '--seconds takes a number'],
  [['10.0.0.20', '--password-env', 'X'], 'needs --user'],
  [['--config', 'x.yaml'], '--config and --camera'],
  [['--config', 'x.yaml', '--camera', 'a', '--user', 'b'], 'that of the settings'],
])('wrong usage exits with 2 and repeats no password: %o', async (args, words) => {
  const { code, out, err } = await check(args);
  expect(code).toBe(2);
  expect(err).toContain(words);
  expect(out + err).not.toContain('canary');
});

// The demo: embedded KVS, camera, webhook receiver and agent on this machine, each its own process, all ended together.
import { randomBytes, randomInt } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { Children } from './stage/children.ts';
import {
  agentPlan,
  cameraPlan,
  cloudKeys,
  cloudPlan,
  type Demo,
  type DemoOptions,
  receiverPlan,
  settingsOf,
} from './stage/plans.ts';

const usage = `scripts/demo: the whole product on this machine, with no camera and no AWS account

  --video FILE      what the pretend camera shows, again and again (without it: a scene it draws itself)
  --camera URL      a real camera instead, rtsp://…; its sign-in from DEMO_CAMERA_USER and DEMO_CAMERA_PASSWORD
  --port N          the console's port (8080)
  --cloud-port N    the embedded service's port (4600, or a free one when that is in use)
  --data DIR        where everything is kept (data/demo)`;

const root = join(import.meta.dirname, '..');
const usualCloudPort = 4600;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function readOptions(): Promise<DemoOptions> {
  const { values } = parseArgs({
    options: {
      video: { type: 'string' },
      camera: { type: 'string' },
      port: { type: 'string', default: '8080' },
      'cloud-port': { type: 'string' },
      data: { type: 'string', default: join(root, 'data/demo') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    say(usage);
    process.exit(0);
  }
  const { video, camera, data } = values;
  if (video !== undefined && camera !== undefined) throw new Error('--video and --camera exclude each other.');
  if (camera !== undefined && !/^rtsps?:\/\/[^/]/.test(camera)) throw new Error('--camera takes an rtsp:// address.');
  if (video !== undefined) await access(video).catch(() => Promise.reject(new Error(`There is no file ${video}.`)));
  const port = portOf('--port', values.port);
  const cloud = values['cloud-port'] === undefined ? {} : { cloudPort: portOf('--cloud-port', values['cloud-port']) };
  const shown = video === undefined ? {} : { video: resolve(video) };
  return { ...shown, ...(camera === undefined ? {} : { camera }), port, ...cloud, data: resolve(data) };
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${option} takes a number from 1 to 65535.`);
  return port;
}

/** `wanted` when nobody listens there; otherwise undefined. */
async function freePort(wanted: number): Promise<number | undefined> {
  const server = createServer();
  const listens = await new Promise<boolean>(answer => {
    server.once('error', () => answer(false)).listen(wanted, '127.0.0.1', () => answer(true));
  });
  const address = server.address();
  await new Promise(done => server.close(done));
  return listens && typeof address === 'object' ? address?.port : undefined;
}

/** One that systems give to nobody by themselves, so that it is still free when the child that is told of it listens there. */
async function anyPort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = await freePort(randomInt(20_000, 32_768));
    if (port !== undefined) return port;
  }
  throw new Error('This machine has no free port on 127.0.0.1.');
}

async function planDemo(options: DemoOptions): Promise<Demo> {
  if ((await freePort(options.port)) === undefined) {
    throw new Error(`Port ${options.port} is in use: end the program that has it, or choose another with --port.`);
  }
  return {
    options,
    ports: {
      cloud: options.cloudPort ?? (await freePort(usualCloudPort)) ?? (await anyPort()),
      camera: await anyPort(),
      hook: await anyPort(),
    },
    secrets: {
      console: randomBytes(9).toString('base64url'),
      hook: `whsec_${randomBytes(24).toString('base64')}`,
      camera: process.env.DEMO_CAMERA_PASSWORD ?? randomBytes(12).toString('base64url'),
    },
    say,
  };
}

async function startAll(demo: Demo, children: Children): Promise<void> {
  const { data, camera } = demo.options;
  await mkdir(data, { recursive: true });
  const settingsFile = join(data, 'kvs-edge.yaml');
  await writeFile(settingsFile, stringify(settingsOf(demo)));
  await children.start(cloudPlan(demo));
  await children.start(receiverPlan(demo));
  if (camera === undefined) {
    say('The camera prepares its video …');
    await children.start(cameraPlan(demo));
  }
  await children.start(agentPlan(demo, settingsFile));
}

async function runDemo(options: DemoOptions): Promise<void> {
  const demo = await planDemo(options);
  // The demo speaks only to its own embedded service, whatever profile this shell is set up for.
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL']) delete process.env[name];
  const children = new Children(say);
  const stopped = new Promise<void>(stop => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop());
  });
  try {
    await Promise.race([startAll(demo, children), stopped]);
    say(`
Console   http://127.0.0.1:${options.port}
Password  ${demo.secrets.console}
Cloud     http://127.0.0.1:${demo.ports.cloud}  (keys ${Object.values(cloudKeys).join(' / ')})
Data      ${options.data}
Stop      Ctrl-C
`);
    await stopped;
  } finally {
    say('Stopping …');
    await children.end();
    say('Stopped; nothing is left running.');
  }
}

try {
  await runDemo(await readOptions());
  process.exit(0);
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

// The demo: embedded KVS, camera, webhook receiver and agent on this machine, each its own process, all ended together.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { SettingsInput } from '../shared/settings.ts';
import { Children } from './stage/children.ts';
import { progressTeller } from './stage/progress.ts';

const usage = `scripts/demo: the whole product on this machine, with no camera and no AWS account

  --video FILE      what the pretend camera shows, again and again (without it: a scene it draws itself)
  --camera URL      a real camera instead, rtsp://…; its sign-in from DEMO_CAMERA_USER and DEMO_CAMERA_PASSWORD
  --port N          the console's port (8080)
  --data DIR        where everything is kept (data/demo)`;

const root = join(import.meta.dirname, '..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

type Options = { video?: string; camera?: string; port: number; data: string };

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      video: { type: 'string' },
      camera: { type: 'string' },
      port: { type: 'string', default: '8080' },
      data: { type: 'string', default: join(root, 'data/demo') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    say(usage);
    process.exit(0);
  }
  const { video, camera } = values;
  if (video !== undefined && camera !== undefined) throw new Error('--video and --camera exclude each other');
  if (camera !== undefined && !/^rtsps?:\/\/[^/]/.test(camera)) throw new Error('--camera takes an rtsp:// address');
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('--port takes a number from 1 to 65535');
  return {
    ...(video === undefined ? {} : { video: resolve(video) }),
    ...(camera === undefined ? {} : { camera }),
    port,
    data: resolve(values.data),
  };
}

/** A port nobody listens on, or `wanted` itself when that one is free. */
async function freePort(wanted = 0): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, failed) => {
    server.once('error', () =>
      failed(new Error(`Port ${wanted} is in use: stop the program that has it, or choose another with --port.`)),
    );
    server.listen(wanted, '127.0.0.1', done);
  });
  const address = server.address();
  await new Promise(done => server.close(done));
  return typeof address === 'object' && address ? address.port : wanted;
}

function demoSettings(options: Options, ports: Record<'cloud' | 'camera' | 'hook', number>): SettingsInput {
  const signIn = options.camera ? process.env.DEMO_CAMERA_USER : 'demo';
  return {
    siteName: 'Demo',
    dataDir: join(options.data, 'agent'),
    aws: { region: 'us-west-2', endpoint: `http://127.0.0.1:${ports.cloud}` },
    cameras: [
      {
        id: 'front-door',
        url: options.camera ?? `rtsp://127.0.0.1:${ports.camera}/stream1`,
        ...(signIn === undefined ? {} : { username: signIn, password: { env: 'DEMO_CAMERA_PASSWORD' } }),
        retentionHours: 24,
        labels: { provider: 'rekognition', minConfidence: 70, everySeconds: 2 },
      },
    ],
    rules: [
      {
        id: 'person-at-door',
        when: { labels: ['Person'], cameras: ['front-door'] },
        cooldownSeconds: 60,
        // biome-ignore lint/suspicious/noThenProperty: the settings file's own word
        then: [{ webhook: { url: `http://127.0.0.1:${ports.hook}/hook`, secret: { env: 'HOOK_SECRET' } } }],
      },
    ],
    web: { listen: `127.0.0.1:${options.port}` },
  };
}

async function runDemo(options: Options): Promise<void> {
  const ports = {
    cloud: await freePort(),
    camera: await freePort(),
    hook: await freePort(),
    console: await freePort(options.port),
  };
  const consolePassword = randomBytes(9).toString('base64url');
  const secrets = {
    HOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
    DEMO_CAMERA_PASSWORD: process.env.DEMO_CAMERA_PASSWORD ?? randomBytes(12).toString('base64url'),
  };
  await mkdir(options.data, { recursive: true });
  const settingsFile = join(options.data, 'kvs-edge.yaml');
  await writeFile(settingsFile, stringify(demoSettings(options, ports)));

  // The demo speaks only to its own embedded service, whatever profile this shell is set up for.
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL', 'AWS_CA_BUNDLE'])
    delete process.env[name];
  const keys = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: randomBytes(24).toString('base64url') };

  const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;
  const children = new Children(say);
  const stderrOf = (name: string) => (line: string) => say(`  ${name}: ${line}`);
  children.start({
    name: 'local-cloud',
    command: node[0],
    args: [
      node[1],
      join(root, 'agent/cli.ts'),
      'local-cloud',
      '--port',
      `${ports.cloud}`,
      '--data',
      join(options.data, 'cloud'),
    ],
    env: keys,
    onErrorLine: stderrOf('local-cloud'),
  });
  if (options.camera === undefined) {
    children.start({
      name: 'pretend-camera',
      command: join(root, 'scripts/pretend-camera'),
      args: ['--port', `${ports.camera}`, '--user', 'demo', '--cache', join(options.data, 'camera')].concat(
        options.video ? ['--video', options.video] : [],
      ),
      env: { PRETEND_CAMERA_PASSWORD: secrets.DEMO_CAMERA_PASSWORD },
      onErrorLine: stderrOf('pretend-camera'),
    });
  }
  children.start({
    name: 'webhook-receiver',
    command: node[0],
    args: [node[1], join(root, 'scripts/webhook-receiver.ts'), '--port', `${ports.hook}`],
    env: secrets,
    onLine: line => say(`  webhook: ${line}`),
    onErrorLine: stderrOf('webhook-receiver'),
  });
  children.start({
    name: 'agent',
    command: node[0],
    args: [node[1], join(root, 'agent/cli.ts'), 'run', '--config', settingsFile],
    env: { ...keys, ...secrets, KVS_EDGE_CONSOLE_PASSWORD: consolePassword },
    onLine: progressTeller(line => say(`  ${line}`)),
    onErrorLine: stderrOf('agent'),
  });

  say(
    `\nConsole   http://127.0.0.1:${ports.console}\nPassword  ${consolePassword}\nData      ${options.data}\nStop      Ctrl-C\n`,
  );
  await new Promise<void>(stop => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop());
  });
  say('\nstopping …');
  await children.end();
  say('stopped; nothing is left running.');
}

try {
  await runDemo(readOptions());
  process.exit(0);
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
  process.exit(1);
}

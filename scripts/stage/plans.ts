// Which processes the demo consists of, and the settings of its agent.
import { join } from 'node:path';
import type { SettingsInput } from '../../shared/settings.ts';
import type { ChildPlan } from './children.ts';
import { progressTeller } from './progress.ts';

export type DemoOptions = { video?: string; camera?: string; port: number; cloudPort?: number; data: string };
export type DemoPorts = { cloud: number; camera: number; hook: number };
export type DemoSecrets = { console: string; hook: string; camera: string };
export type Demo = { options: DemoOptions; ports: DemoPorts; secrets: DemoSecrets; say: (line: string) => void };

/** The embedded server's own defaults: `aws --endpoint-url` works with them while the demo runs. It listens on loopback only. */
export const cloudKeys = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local-secret' };

const root = join(import.meta.dirname, '../..');

export function settingsOf({ options, ports }: Demo): SettingsInput {
  const username = options.camera ? process.env.DEMO_CAMERA_USER : 'demo';
  return {
    siteName: 'Demo',
    dataDir: join(options.data, 'agent'),
    aws: { region: 'us-west-2', endpoint: `http://127.0.0.1:${ports.cloud}` },
    cameras: [
      {
        id: 'front-door',
        url: options.camera ?? `rtsp://127.0.0.1:${ports.camera}/stream1`,
        ...(username === undefined ? {} : { username, password: { env: 'DEMO_CAMERA_PASSWORD' } }),
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
        then: [
          {
            webhook: {
              url: `http://127.0.0.1:${ports.hook}/hook`,
              secret: { env: 'HOOK_SECRET' },
              allow: ['127.0.0.1'],
            },
          },
        ],
      },
    ],
    web: { listen: `127.0.0.1:${options.port}` },
  };
}

export function cloudPlan({ options, ports, say }: Demo): ChildPlan {
  const args = ['agent/cli.ts', 'local-cloud', '--port', `${ports.cloud}`, '--data', join(options.data, 'cloud')];
  return { ...nodePlan('local-cloud', args, say), env: cloudKeys, isReady: line => line.includes('listens on') };
}

export function cameraPlan({ options, ports, secrets, say }: Demo): ChildPlan {
  const args = ['--port', `${ports.camera}`, '--user', 'demo', '--cache', join(options.data, 'camera')];
  return {
    name: 'pretend-camera',
    command: join(root, 'scripts/pretend-camera'),
    args: options.video === undefined ? args : [...args, '--video', options.video],
    env: { PRETEND_CAMERA_PASSWORD: secrets.camera },
    // A long video is re-encoded first.
    isReady: line => line.includes('"event": "ready"'),
    onErrorLine: line => say(`  pretend-camera: ${line}`),
  };
}

export function receiverPlan({ ports, secrets, say }: Demo): ChildPlan {
  return {
    ...nodePlan('webhook-receiver', ['scripts/webhook-receiver.ts', '--port', `${ports.hook}`], say),
    env: { HOOK_SECRET: secrets.hook },
    onLine: line => say(`  webhook: ${line}`),
    isReady: line => line.includes('listening on'),
  };
}

export function agentPlan({ secrets, say }: Demo, settingsFile: string): ChildPlan {
  return {
    ...nodePlan('agent', ['agent/cli.ts', 'run', '--config', settingsFile], say),
    env: {
      ...cloudKeys,
      HOOK_SECRET: secrets.hook,
      DEMO_CAMERA_PASSWORD: secrets.camera,
      KVS_EDGE_CONSOLE_PASSWORD: secrets.console,
      KVS_EDGE_LOG: 'debug',
    },
    onLine: progressTeller(line => say(`  ${line}`)),
    isReady: line => line.startsWith('Console: '),
  };
}

function nodePlan(
  name: string,
  [file = '', ...args]: string[],
  say: (line: string) => void,
): Omit<ChildPlan, 'isReady'> {
  return {
    name,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', join(root, file), ...args],
    onErrorLine: line => say(`  ${name}: ${line}`),
  };
}

// The command line: parses, calls, turns errors into one sentence and an exit code (1 failed, 2 wrong usage).
import { parseArgs } from 'node:util';
import { AgentError } from './errors.ts';
import { Secret } from './secret.ts';

const usage = `kvs-edge: cameras to Kinesis Video Streams

  kvs-edge run --config FILE                 run the agent
  kvs-edge local-cloud --port N --data DIR   run the embedded KVS on 127.0.0.1; accepts the key pair in
                                             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (local / local-secret when unset)
  kvs-edge settings check --config FILE      say what is wrong with a settings file, or that nothing is
  kvs-edge settings schema                   print the JSON Schema of the settings file

The agent takes AWS credentials from the standard chain: environment, shared files, container or instance role.
AWS_ENDPOINT_URL names another endpoint, such as http://127.0.0.1:4600.`;

class UsageError extends Error {}

// Each command loads only the code it needs: the agent runs on boards with 1 GB of memory.
const commands: Record<string, (args: string[], signal: AbortSignal) => Promise<void>> = {
  async run(args, signal) {
    const { config } = options(args, ['config']);
    const { runAgent } = await import('./main.ts');
    await runAgent({ settingsFile: config, signal, announce: line => process.stderr.write(`${line}\n`) });
  },

  async 'local-cloud'(args, signal) {
    const { port, data } = options(args, ['port', 'data']);
    const { startLocalCloud } = await import('./local-cloud/main.ts');
    await using cloud = await startLocalCloud({
      port: portNumber(port),
      dataDir: data,
      accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? 'local',
      secretAccessKey: new Secret(process.env.AWS_SECRET_ACCESS_KEY ?? 'local-secret'),
    });
    process.stderr.write(`local-cloud listens on ${cloud.url} and keeps its data in ${data}\n`);
    await aborted(signal);
  },

  async settings([action, ...args]) {
    if (action === 'schema') {
      options(args, []);
      const { settingsJsonSchema } = await import('./settings/json-schema.ts');
      process.stdout.write(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
    } else if (action === 'check') {
      const { config } = options(args, ['config']);
      const { loadSettings } = await import('./settings/load.ts');
      await loadSettings(config);
      process.stdout.write(`${config} is good.\n`);
    } else throw new UsageError('settings takes check or schema');
  },
};

/** Reads `--name value` options, all of them required, and nothing else. */
function options<Name extends string>(args: string[], names: Name[]): Record<Name, string> {
  const parsed = parse(args, names);
  for (const name of names) if (parsed[name] === undefined) throw new UsageError(`--${name} is missing`);
  return parsed as Record<Name, string>;
}

function parse(args: string[], names: string[]): Record<string, string | undefined> {
  try {
    return parseArgs({ args, options: Object.fromEntries(names.map(name => [name, { type: 'string' as const }])) })
      .values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port takes a number from 0 to 65535, not ${text}`);
  return port;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}

/** Aborts at the first SIGINT or SIGTERM, and when a parent that opened an IPC channel is gone; a second signal ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  process.once('disconnect', () => stop.abort(new Error('the parent process is gone')));
  return stop.signal;
}

async function main([name = '--help', ...args]: string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new UsageError(`there is no command ${name}`);
    await command(args, stopSignal());
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`kvs-edge: ${error.message}\n\n${usage}\n`);
      return 2;
    }
    process.stderr.write(
      `kvs-edge: ${error instanceof AgentError ? `${error.message} [${error.code}]` : inspectBug(error)}\n`,
    );
    return 1;
  }
}

function inspectBug(error: unknown): string {
  return `unexpected error, please report it: ${error instanceof Error ? error.stack : String(error)}`;
}

process.exit(await main(process.argv.slice(2)));

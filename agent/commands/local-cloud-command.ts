// `kvs-edge local-cloud`: the embedded server as a program of its own.
import { startLocalCloud } from '../local-cloud/main.ts';
import { knownKeys } from '../local-cloud/start-checks.ts';
import { Secret } from '../secret.ts';
import { options, wholeNumber } from './arguments.ts';

/** Runs until the signal is aborted. @throws UsageError, AgentError as startLocalCloud */
export async function localCloudCommand(
  args: string[],
  { tell, signal }: { tell: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const { port, data, host, faults } = options(args, {
    required: ['port', 'data'],
    optional: ['host'],
    flags: ['faults'],
  });
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  await using cloud = await startLocalCloud({
    port: wholeNumber('port', port, { from: 0, to: 65_535 }),
    ...(host === undefined ? {} : { host }),
    dataDir: data,
    faults,
    accessKeyId: AWS_ACCESS_KEY_ID || knownKeys.accessKeyId,
    secretAccessKey: new Secret(AWS_SECRET_ACCESS_KEY || knownKeys.secretAccessKey),
  });
  tell(`local-cloud listens on ${cloud.url} and keeps its data in ${data}`);
  await aborted(signal);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}

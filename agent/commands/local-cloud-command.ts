// `kvs-edge local-cloud`: the embedded server as a program of its own.
import { parseByteSize } from '../../shared/byte-size.ts';
import { aborted } from '../aborted.ts';
import { type Certificate, readCertificate } from '../local-cloud/certificate.ts';
import { startLocalCloud } from '../local-cloud/main.ts';
import { parseQuotas } from '../local-cloud/quotas/choice.ts';
import { type QuotaName, quotaNames } from '../local-cloud/quotas/table.ts';
import { knownKeys } from '../local-cloud/start-checks.ts';
import { Secret } from '../secret.ts';
import { options, UsageError, wholeNumber } from './arguments.ts';

/** Runs until the signal is aborted. @throws UsageError, AgentError as startLocalCloud */
export async function localCloudCommand(
  args: string[],
  { tell, signal }: { tell: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const { port, data, host, quotas, faults, ...more } = options(args, {
    required: ['port', 'data'],
    optional: ['host', 'quotas', 'max-bytes', 'min-free-bytes', 'tls-certificate', 'tls-key'],
    flags: ['faults'],
  });
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  await using cloud = await startLocalCloud({
    port: wholeNumber('port', port, { from: 0, to: 65_535 }),
    ...(host === undefined ? {} : { host }),
    dataDir: data,
    faults,
    quotas: quotasOf(quotas ?? 'off'),
    maxBytes: bytesOf('max-bytes', more['max-bytes']),
    minFreeBytes: bytesOf('min-free-bytes', more['min-free-bytes']),
    tls: await certificateOf(more['tls-certificate'], more['tls-key']),
    accessKeyId: AWS_ACCESS_KEY_ID || knownKeys.accessKeyId,
    secretAccessKey: new Secret(AWS_SECRET_ACCESS_KEY || knownKeys.secretAccessKey),
  });
  const renew = async () => {
    const tls = await certificateOf(more['tls-certificate'], more['tls-key']);
    if (!tls) return;
    cloud.useCertificate(tls);
    tell('local-cloud shows new connections the certificate as its file is now');
  };
  using _renewals = more['tls-certificate'] === undefined ? undefined : onHangUp(renew, tell);
  tell(`local-cloud listens on ${cloud.url} and keeps its data in ${data}`);
  await aborted(signal);
}

/** A certificate is renewed every few weeks, and a recorder not stopped for it. What is wrong with the new one is told. */
function onHangUp(work: () => Promise<void>, tell: (line: string) => void): Disposable {
  const again = () =>
    void work().catch((error: unknown) => tell(`local-cloud: ${error instanceof Error ? error.message : error}`));
  // At a terminal it says that the terminal is gone.
  if (!process.stdin.isTTY) process.on('SIGHUP', again);
  return { [Symbol.dispose]: () => void process.off('SIGHUP', again) };
}

function bytesOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = /^\d+$/.test(text) ? Number(text) : parseByteSize(text);
  if (bytes === undefined || !Number.isSafeInteger(bytes))
    throw new UsageError(`--${name} takes a size such as 20GB or 500MiB, not ${text}`);
  return bytes;
}

function quotasOf(text: string): ReadonlySet<QuotaName> {
  const choice = parseQuotas(text);
  if ('names' in choice) return choice.names;
  throw new UsageError(`--quotas takes on, off or names out of ${quotaNames.join(', ')}; not ${choice.unknown}`);
}

async function certificateOf(
  certificateFile: string | undefined,
  keyFile: string | undefined,
): Promise<Certificate | undefined> {
  if (certificateFile === undefined && keyFile === undefined) return undefined;
  if (certificateFile === undefined) throw new UsageError('--tls-certificate is missing: the certificate of --tls-key');
  if (keyFile === undefined) throw new UsageError('--tls-key is missing: the key of --tls-certificate');
  return readCertificate(certificateFile, keyFile);
}

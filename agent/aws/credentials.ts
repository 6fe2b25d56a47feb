// Who the device is to AWS: the standard chain, or an X.509 device certificate when the settings say so. One for the
// process; every client asks it before each signature, so what changes on disk or expires is taken up without a restart.
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import type { Clock } from '../clock.ts';
import type { AwsCredentials, CredentialsState } from './aws-credentials.ts';
import { IotCredentials } from './iot-credentials.ts';
import type { IotSettings } from './iot-settings.ts';
import { serviceError } from './service-errors.ts';

export type CredentialsOptions = {
  /** Left out: the standard chain. */
  iot?: IotSettings | undefined;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
};

export function openCredentials({ iot, clock, random }: CredentialsOptions): AwsCredentials {
  return iot ? new IotCredentials({ iot, clock, random }) : new ChainCredentials();
}

/** The standard chain of the SDK, which keeps what it found for ever; this one looks again when the shared files change. */
class ChainCredentials implements AwsCredentials {
  /** `memoized` keeps the SDK's clients from holding on to an answer of their own. */
  readonly provider = Object.assign(() => this.#ask(), { memoized: true });
  #chain: AwsCredentialIdentityProvider | undefined;
  #files = '';
  #state: CredentialsState = { source: 'standard chain' };

  refresh(): void {
    this.#chain = undefined;
  }

  state(): CredentialsState {
    return this.#state;
  }

  async #ask(): Promise<AwsCredentialIdentity> {
    const files = await fingerprint(sharedFiles());
    if (files !== this.#files) this.#chain = undefined;
    this.#files = files;
    this.#chain ??= fromNodeProviderChain({ ignoreCache: true });
    try {
      const identity = await this.#chain();
      const expiresAtMs = identity.expiration?.getTime();
      this.#state = { source: sourceOf(identity), ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
      return identity;
    } catch (error) {
      this.#state = { ...this.#state, problem: serviceError(error, 'sign requests').message };
      throw error;
    }
  }
}

function sharedFiles(): string[] {
  const folder = join(homedir(), '.aws');
  return [
    process.env.AWS_SHARED_CREDENTIALS_FILE ?? join(folder, 'credentials'),
    process.env.AWS_CONFIG_FILE ?? join(folder, 'config'),
  ];
}

/** Changes whenever one of the files does. */
async function fingerprint(files: string[]): Promise<string> {
  const stats = await Promise.all(files.map(file => stat(file).catch(() => undefined)));
  return stats.map(file => (file ? `${file.ino} ${file.size} ${file.mtimeMs}` : 'none')).join(', ');
}

/** The SDK notes on an identity which links of its chain made it; those of a container and an instance may note nothing. */
function sourceOf(identity: AwsCredentialIdentity): string {
  const links = '$source' in identity ? Object.keys(identity.$source ?? {}) : [];
  const made = (part: string) => links.some(link => link.includes(part));
  const profile = process.env.AWS_PROFILE ?? 'default';
  if (made('CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN')) return 'web identity token';
  if (made('CREDENTIALS_ENV_VARS')) return 'environment';
  if (made('PROCESS')) return `credential process of profile ${profile}`;
  if (made('SSO') || made('LOGIN')) return `sign-in of profile ${profile}`;
  if (made('CREDENTIALS_PROFILE')) return `shared file profile ${profile}`;
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = process.env;
  return made('CREDENTIALS_HTTP') || relative || full ? 'container role' : 'instance role';
}

// What credentials are to those who sign with them, wherever they come from.
import type { AwsCredentialIdentityProvider } from '@smithy/types';

/** What people are told about the credentials; never a secret. */
export type CredentialsState = {
  /** In words: `environment`, `shared file profile cameras`, `IoT device certificate thing harbour-7`, … */
  source: string;
  /** Left out: they do not expire, or there are none yet. */
  expiresAtMs?: number;
  /** A sentence: why there are none, or why the ones in use could not be renewed. */
  problem?: string;
};

export type AwsCredentials = {
  /** Cheap to call for every signature. Rejects with an AgentError or the chain's own error; `serviceError` knows both. */
  provider: AwsCredentialIdentityProvider;
  /** After the service refused them: the next call gets new ones from the source. */
  refresh(): void;
  state(): CredentialsState;
};

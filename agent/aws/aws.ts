// Where AWS is and who we are there. Made once in main and handed to every stage that calls a service.
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import type { Clock } from '../clock.ts';
import type { AwsCredentials } from './aws-credentials.ts';
import { openCredentials } from './credentials.ts';
import type { IotSettings } from './iot-settings.ts';

export type Aws = {
  region: string;
  /** One address for every service, as the embedded server has it; left out: AWS's own addresses. */
  endpoint?: string;
  credentials: AwsCredentialIdentityProvider;
  /** Right time − the machine's clock, for signatures; left out: the machine's clock is right. */
  clockOffsetMs?: () => number;
};

export type ConnectedAws = Aws & Pick<AwsCredentials, 'refresh' | 'state'>;

type AwsSettings = { region: string; endpoint?: string | undefined; iot?: IotSettings | undefined };

/** `AWS_ENDPOINT_URL` stands in when the settings name no endpoint. `refresh` and `state` are of the credentials. */
export function connectAws(settings: AwsSettings, tools: { clock: Clock; random: () => number }): ConnectedAws {
  const { region, endpoint = process.env.AWS_ENDPOINT_URL, iot } = settings;
  const credentials = openCredentials({ iot, ...tools });
  return {
    region,
    ...(endpoint ? { endpoint } : {}),
    credentials: credentials.provider,
    refresh: () => credentials.refresh(),
    state: () => credentials.state(),
  };
}

/** Options every SDK client of the agent is made with: bounded waits, no retries hidden from our own retry table. */
export function clientOptions(aws: Aws) {
  return {
    region: aws.region,
    credentials: aws.credentials,
    maxAttempts: 1,
    systemClockOffset: aws.clockOffsetMs?.() ?? 0,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 5_000,
      requestTimeout: 15_000,
      throwOnRequestTimeout: true,
    }),
    ...(aws.endpoint ? { endpoint: aws.endpoint } : {}),
  };
}

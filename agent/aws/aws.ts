// Where AWS is and who we are there. Made once in main and handed to every stage that calls a service.
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentialIdentityProvider } from '@smithy/types';

export type Aws = {
  region: string;
  /** One address for every service, as the embedded server has it; left out: AWS's own addresses. */
  endpoint?: string;
  credentials: AwsCredentialIdentityProvider;
};

/** The standard credential chain; `AWS_ENDPOINT_URL` stands in when the settings name no endpoint. */
export function connectAws({ region, endpoint }: { region: string; endpoint?: string | undefined }): Aws {
  const address = endpoint ?? process.env.AWS_ENDPOINT_URL;
  return { region, ...(address ? { endpoint: address } : {}), credentials: fromNodeProviderChain() };
}

/** Options every SDK client of the agent is made with: bounded waits, no retries hidden from our own retry table. */
export function clientOptions(aws: Aws) {
  return {
    region: aws.region,
    credentials: aws.credentials,
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 5_000,
      requestTimeout: 15_000,
      throwOnRequestTimeout: true,
    }),
    ...(aws.endpoint ? { endpoint: aws.endpoint } : {}),
  };
}

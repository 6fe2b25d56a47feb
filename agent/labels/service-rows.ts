// What goes wrong with every AWS service that labels pictures, in its name. Which errors mean what is in the tables of the
// services.
import { rowOfName } from '../aws/error-names.ts';
import { AgentError, type AgentErrorOptions, systemCode } from '../errors.ts';

export type LabelErrorRow = Omit<AgentErrorOptions, 'cause'>;

export type LabelService = {
  name: string;
  /** What the credentials must be allowed. */
  action: string;
  /** What to do about too many calls. */
  throttledAdvice: string;
};

export function serviceRows({ name, action, throttledAdvice }: LabelService) {
  const denied = (message: string): LabelErrorRow => ({
    code: 'labels-denied',
    kind: 'denied',
    retry: 'later',
    message,
  });
  const failed = (message: string): LabelErrorRow => ({
    code: 'labels-failed',
    kind: 'unavailable',
    retry: 'later',
    message,
  });
  return {
    throttled: {
      code: 'labels-throttled',
      kind: 'exhausted',
      retry: 'later',
      message: `${name} asks for fewer pictures a second. ${throttledAdvice}`,
    },
    denied: denied(`The AWS credentials may not use ${name}. Allow ${action} for them.`),
    unknownKey: denied(
      `${name} does not accept the AWS key. Check the key, its secret, and that the clock of this device is right.`,
    ),
    noCredentials: denied(
      'There are no AWS credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or an AWS profile.',
    ),
    badPicture: {
      code: 'labels-failed',
      kind: 'invalid',
      retry: 'never',
      message: `${name} refused a picture. It is left out; the next one is sent.`,
    },
    unreachable: failed(`${name} cannot be reached. Check the network, the region and the endpoint in the settings.`),
    trouble: failed(`${name} failed to answer. It is asked again after a pause.`),
  } as const satisfies Record<string, LabelErrorRow>;
}

type Rows = ReturnType<typeof serviceRows>;

/** The service's own words stay in the cause. */
export function labelError(
  error: unknown,
  byName: Record<string, LabelErrorRow>,
  { unreachable, trouble }: Rows,
): AgentError {
  if (error instanceof AgentError) return error;
  const name = error instanceof Error ? error.name : '';
  return new AgentError({ ...(rowOfName(byName, name) ?? (systemCode(error) ? unreachable : trouble)), cause: error });
}

// The names by which every service of AWS, or the SDK by itself, tells the same troubles. What a trouble means to the device's
// owner, and what one service alone calls by its own name, is in the table of each stage.

export type CommonTrouble = 'denied' | 'unknownKey' | 'noCredentials' | 'throttled' | 'unreachable';

const names: Record<CommonTrouble, readonly string[]> = {
  denied: ['AccessDenied', 'AccessDeniedException'],
  unknownKey: [
    ...['UnrecognizedClientException', 'InvalidClientTokenId', 'InvalidSignatureException', 'SignatureDoesNotMatch'],
    ...['IncompleteSignature', 'IncompleteSignatureException'],
    ...['MissingAuthenticationToken', 'MissingAuthenticationTokenException'],
    ...['ExpiredToken', 'ExpiredTokenException', 'RequestExpired'],
  ],
  noCredentials: ['CredentialsProviderError', 'TokenProviderError'],
  throttled: ['Throttling', 'ThrottlingException', 'TooManyRequestsException'],
  unreachable: ['TimeoutError'],
};

/** The beginning of a table from error names to its rows. */
export function rowsByName<Row>(rows: Record<CommonTrouble, Row>): Record<string, Row> {
  const troubles: CommonTrouble[] = ['denied', 'unknownKey', 'noCredentials', 'throttled', 'unreachable'];
  return Object.fromEntries(troubles.flatMap(trouble => names[trouble].map(name => [name, rows[trouble]])));
}

/** Names come from outside: `constructor` is none that a table knows. */
export function rowOfName<Row>(byName: Record<string, Row>, name: string): Row | undefined {
  return Object.hasOwn(byName, name) ? byName[name] : undefined;
}

// What the services' errors become, case by case.
import { expect, test } from 'vitest';
import { answerError, serviceError } from '../../agent/aws/service-errors.ts';
import { AgentError } from '../../agent/errors.ts';

const what = 'send video to the stream front-door';

test.each([
  [401, 'NotAuthorizedException', 'service-denied'],
  [403, '', 'service-denied'],
  [400, 'UnrecognizedClientException', 'service-denied'],
  [403, 'InvalidSignatureException', 'service-denied'],
  [403, 'ExpiredTokenException', 'service-denied'],
  [404, 'ResourceNotFoundException', 'service-stream-missing'],
  [400, 'InvalidEndpointException', 'service-endpoint-moved'],
  [400, 'ClientLimitExceededException', 'service-throttled'],
  [400, 'ConnectionLimitExceededException', 'service-throttled'],
  [429, '', 'service-throttled'],
  [400, 'InvalidArgumentException', 'service-failed'],
  [500, 'InternalFailure', 'service-unreachable'],
  [503, '', 'service-unreachable'],
  [404, 'com.amazonaws.kinesisvideo#ResourceNotFoundException:http://internal/doc', 'service-stream-missing'],
  [400, 'constructor', 'service-failed'],
])('HTTP %i %s is %s', (status, errorType, code) => {
  const error = answerError({ status, errorType, text: 'their words' }, what);
  expect(error).toMatchObject({ code, cause: { message: expect.stringContaining('their words') } });
  expect(error.message).not.toContain('their words');
});

test.each([
  ['a refused connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'service-unreachable'],
  ['an unknown host', Object.assign(new Error('x'), { code: 'ENOTFOUND' }), 'service-unreachable'],
  [
    'a reset',
    new Error('outer', { cause: Object.assign(new Error('x'), { code: 'ECONNRESET' }) }),
    'service-unreachable',
  ],
  ['a timeout of the SDK', Object.assign(new Error('x'), { name: 'TimeoutError' }), 'service-unreachable'],
  ['an SDK exception', sdkException('AccessDeniedException', 400), 'service-denied'],
  ['an unknown SDK exception of status 503', sdkException('SomethingNew', 503), 'service-unreachable'],
  ['an unknown SDK exception of status 400', sdkException('SomethingNew', 400), 'service-failed'],
])('%s is understood', (_, error, code) => {
  expect(serviceError(error, what).code).toBe(code);
});

test('an error that is ours already stays as it is', () => {
  const ours = new AgentError({ code: 'service-silent', kind: 'unavailable', retry: 'now', message: 'x' });
  expect(serviceError(ours, what)).toBe(ours);
});

test('a refused key is told in a sentence that names key and clock', () => {
  const { message } = answerError({ status: 403, errorType: 'InvalidSignatureException', text: '' }, what);
  expect(message).toMatch(/front-door.*AWS_ACCESS_KEY_ID.*clock/);
});

function sdkException(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('x'), { name, $metadata: { httpStatusCode } });
}

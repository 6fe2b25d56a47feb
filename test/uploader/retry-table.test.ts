// What is done about every HTTP answer, ack error and socket error: from the wire to the recovery, row by row.
import { describe, expect, test } from 'vitest';
import { answerError, serviceError } from '../../agent/aws/service-errors.ts';
import type { AgentError } from '../../agent/errors.ts';
import { judgeAckError } from '../../agent/uploader/ack-errors.ts';
import { type Recovery, recoveryFrom } from '../../agent/uploader/retry.ts';

const what = 'send video to the stream front-door';

/** `again` or `set-aside`, then whatever is not left as it is, then the longest pause in seconds. */
function told({ fragment, endpoint, credentials, stream, scope, pace }: Recovery): string {
  return [
    fragment,
    ...(endpoint === 'ask' ? ['endpoint'] : []),
    ...(credentials === 'renew' ? ['credentials'] : []),
    ...(stream === 'look-up' ? ['stream'] : []),
    ...(scope === 'service' ? ['everybody'] : []),
    `${pace.capMs / 1000} s`,
  ].join(' ');
}

const recovery = (error: AgentError) => told(recoveryFrom(error));

describe('HTTP answers', () => {
  const denied = 'again endpoint credentials 120 s';
  test.each<[number, string, string]>([
    [400, 'ClientLimitExceededException', 'again endpoint 60 s'],
    [400, 'ConnectionLimitExceededException', 'again endpoint 60 s'],
    [400, 'InvalidArgumentException', 'again endpoint 30 s'],
    [400, 'InvalidEndpointException', 'again endpoint 30 s'],
    [400, '', 'again endpoint 30 s'],
    [401, 'NotAuthorizedException', denied],
    [401, '', denied],
    [403, 'AccessDeniedException', denied],
    [403, 'ExpiredTokenException', denied],
    [403, 'InvalidSignatureException', denied],
    [403, '', denied],
    [404, 'ResourceNotFoundException', 'again endpoint stream 30 s'],
    [404, '', 'again endpoint stream 30 s'],
    [407, '', 'again endpoint 30 s'],
    [408, '', 'again endpoint everybody 15 s'],
    [409, 'ResourceInUseException', 'again endpoint stream 30 s'],
    [409, '', 'again endpoint 30 s'],
    [413, '', 'again endpoint 30 s'],
    [429, '', 'again endpoint 60 s'],
    [500, 'InternalFailure', 'again endpoint everybody 15 s'],
    [502, '', 'again endpoint everybody 15 s'],
    [503, 'ServiceUnavailable', 'again endpoint everybody 15 s'],
    [504, '', 'again endpoint everybody 15 s'],
  ])('%i %s: %s', (status, errorType, expected) => {
    expect(recovery(answerError({ status, errorType, text: '' }, what))).toBe(expected);
  });
});

describe('ack errors', () => {
  const setAside = 'set-aside 30 s';
  const again = 'again 30 s';
  const failed = 'again endpoint 30 s';
  const key = 'again 120 s';
  test.each<[number, string]>([
    [4000, again],
    [4001, setAside],
    [4002, setAside],
    [4003, again],
    [4004, setAside],
    [4005, setAside],
    [4006, setAside],
    [4007, failed],
    [4008, 'again endpoint stream 30 s'],
    [4009, setAside],
    [4010, setAside],
    [4011, setAside],
    [4012, setAside],
    [4500, key],
    [4501, key],
    [4502, key],
    [4503, key],
    [4504, key],
    [4505, key],
    [4506, key],
    [4507, 'again endpoint stream 30 s'],
    [5000, failed],
    [5001, failed],
    [7777, failed],
  ])('%i: %s', (errorId, expected) => {
    const { action, error } = judgeAckError({ eventType: 'ERROR', errorId });
    expect(recovery(error)).toBe(expected);
    expect(action === 'set-aside').toBe(expected === setAside);
  });
});

describe('socket errors', () => {
  const unreachable = 'again endpoint everybody 15 s';
  test.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'EADDRNOTAVAIL',
    'EPROTO',
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('%s: the same fragment again, at another address if there is one, one camera at a time', code => {
    const error = serviceError(Object.assign(new Error('x'), { code }), what);
    expect(recovery(error)).toBe(unreachable);
    if (/CERT|SIGNATURE/.test(code)) expect(error.message).toMatch(/certificate.*clock/);
    else expect(error.message).toContain('network');
  });
});

test('what is wrong with the disk or with us changes nothing about the service', () => {
  expect(told(recoveryFrom({ code: 'disk-failed', retry: 'later' }))).toBe('again 30 s');
  expect(told(recoveryFrom({ code: 'bug', retry: 'later' }))).toBe('again 30 s');
  expect(told(recoveryFrom({ code: 'service-rejected-fragment', retry: 'never' }))).toBe('set-aside 120 s');
});

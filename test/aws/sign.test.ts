// The signature of a PutMedia request, against signatures that botocore's SigV4Auth made for the same request.
import { expect, test } from 'vitest';
import { signPutMedia } from '../../agent/aws/sign.ts';

const request = {
  url: new URL('https://s-1234.kinesisvideo.us-west-2.amazonaws.com/putMedia'),
  headers: {
    'x-amzn-stream-name': 'front-door',
    'x-amzn-fragment-timecode-type': 'ABSOLUTE',
    'x-amzn-producer-start-timestamp': '1795420701.007',
    'x-amzn-fragment-acknowledgment-required': '1',
  },
  nowMs: Date.UTC(2026, 10, 23, 7, 58, 21),
};
const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

test.each([
  ['a plain key', key, '802c20e6ab98cd9261d45de0e20851c22117d62213d65decf0e221856809932e', ''],
  [
    'temporary credentials',
    { ...key, sessionToken: 'session-token' },
    '94b115821d2ce288cc3781ab0a65e0918b0df7f8f013916c226c730493e149d4',
    'x-amz-security-token;',
  ],
])('%s signs as botocore does: empty body, host, date and x-amzn headers', async (_, identity, signature, token) => {
  const headers = await signPutMedia({ region: 'us-west-2', credentials: async () => identity }, request);
  expect(headers.authorization).toBe(
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/us-west-2/kinesisvideo/aws4_request, ` +
      `SignedHeaders=host;x-amz-date;${token}x-amzn-fragment-acknowledgment-required;x-amzn-fragment-timecode-type;` +
      `x-amzn-producer-start-timestamp;x-amzn-stream-name, Signature=${signature}`,
  );
  expect(headers['x-amz-content-sha256']).toBeUndefined();
});

test('without credentials the sentence says which to set', async () => {
  const credentials = async () => {
    throw Object.assign(new Error('Could not load credentials from any providers'), {
      name: 'CredentialsProviderError',
    });
  };
  await expect(signPutMedia({ region: 'us-west-2', credentials }, request)).rejects.toMatchObject({
    code: 'service-denied',
    message: expect.stringContaining('set AWS_ACCESS_KEY_ID'),
  });
});

// Sign-in by the published examples (RFC 2617 3.5, RFC 7616 3.9.1), and what cameras make of it.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Authenticator } from '../../agent/rtsp/authentication.ts';
import { readHead } from '../../agent/rtsp/message.ts';
import { readRtpInfo, readTransport } from '../../agent/rtsp/transport-header.ts';
import { Secret } from '../../agent/secret.ts';
import { readChallenges } from '../../agent/sign-in/challenge.ts';

function authenticator(username: string, password: string, nonce = ''): Authenticator {
  return new Authenticator({ username, password: new Secret(password) }, () => nonce);
}

test('Digest with MD5 is what RFC 2617 gives as its example', () => {
  const signIn = authenticator('Mufasa', 'Circle Of Life', '0a4f113b');
  const challenge =
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
  expect(signIn.challenged([challenge])).toBe(true);
  expect(signIn.authorization('GET', '/dir/index.html')).toContain('response="6629fae49393a05397450978507c4ef1"');
});

test('Digest with SHA-256 is what RFC 7616 gives as its example, and is preferred to MD5', () => {
  const signIn = authenticator('Mufasa', 'Circle of Life', 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ');
  const shared =
    'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
  expect(signIn.challenged([`Digest ${shared}, algorithm=MD5`, `Digest ${shared}, algorithm=SHA-256`])).toBe(true);
  expect(signIn.authorization('GET', '/dir/index.html')).toContain(
    'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"',
  );
});

test('without qop, as most cameras ask, the answer is the short one', () => {
  const signIn = authenticator('admin', 'pw');
  signIn.challenged(['Digest realm="IP Camera", nonce="abc"']);
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const expected = md5(`${md5('admin:IP Camera:pw')}:abc:${md5('DESCRIBE:rtsp://10.0.0.20/1')}`);
  const said = signIn.authorization('DESCRIBE', 'rtsp://10.0.0.20/1');
  expect(said).toContain(`response="${expected}"`);
  expect(said).not.toContain('qop');
});

test('Basic is used only when nothing better is offered', () => {
  const offers = ['Basic realm="a", Digest realm="a", nonce="n"', 'Digest realm="a", nonce="n", Basic realm="a"'];
  for (const offer of offers) {
    const signIn = authenticator('user', 'pass');
    signIn.challenged([offer]);
    expect(signIn.authorization('OPTIONS', 'rtsp://a/')).toMatch(/^Digest /);
  }
  const signIn = authenticator('user', 'p:ä"');
  signIn.challenged(['Basic realm="a"']);
  expect(signIn.authorization('OPTIONS', 'rtsp://a/')).toBe(`Basic ${Buffer.from('user:p:ä"').toString('base64')}`);
});

test('a quote or backslash in the user name does not end it', () => {
  const signIn = authenticator('a"b\\c', 'pw');
  signIn.challenged(['Digest realm="r \\"x\\"", nonce="n"']);
  const said = signIn.authorization('OPTIONS', 'rtsp://a/') ?? '';
  expect(said).toContain('username="a\\"b\\\\c", realm="r \\"x\\""');
});

test('what is not ASCII is hashed and sent as the bytes it is in UTF-8', () => {
  const bytes = (text: string) => Buffer.from(text).toString('latin1');
  const signIn = authenticator('jürgen', 'größe');
  const head = readHead(
    `RTSP/1.0 401 Unauthorized\r\n${bytes('WWW-Authenticate: Digest realm="Straße Ö", nonce="n"')}`,
  );
  expect(signIn.challenged(head?.headers.get('www-authenticate') ?? [])).toBe(true);
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const expected = md5(`${md5('jürgen:Straße Ö:größe')}:n:${md5('OPTIONS:rtsp://a/')}`);
  const said = signIn.authorization('OPTIONS', 'rtsp://a/') ?? '';
  expect(said).toContain(`response="${expected}"`);
  expect(said).toContain(bytes('username="jürgen", realm="Straße Ö"'));
});

describe('a second refusal', () => {
  const first = 'Digest realm="r", nonce="one"';

  test('of the same nonce ends it: cameras lock accounts after a few wrong passwords', () => {
    const signIn = authenticator('user', 'pass');
    expect(signIn.challenged([first])).toBe(true);
    signIn.authorization('OPTIONS', 'rtsp://a/');
    expect(signIn.challenged([first])).toBe(false);
  });

  test('right after the first one ends it, also with a new nonce', () => {
    const signIn = authenticator('user', 'pass');
    signIn.challenged([first]);
    signIn.authorization('OPTIONS', 'rtsp://a/');
    expect(signIn.challenged(['Digest realm="r", nonce="two"'])).toBe(false);
  });

  test('of a nonce that is too old is answered, whether or not the camera calls it stale', () => {
    for (const again of ['Digest realm="r", nonce="two", stale=TRUE', 'Digest realm="r", nonce="two"']) {
      const signIn = authenticator('user', 'pass');
      signIn.challenged([first]);
      for (let requests = 0; requests < 3; requests++) signIn.authorization('OPTIONS', 'rtsp://a/');
      expect(signIn.challenged([again])).toBe(true);
    }
  });
});

test('unknown schemes and algorithms are left out', () => {
  expect(readChallenges(['Negotiate', 'Bearer realm="x"', 'Digest realm="r", nonce="n", algorithm=SHA-512'])).toEqual(
    [],
  );
  expect(authenticator('user', 'pass').challenged(['Negotiate'])).toBe(false);
});

test('a head as long as is allowed is read, and its challenges found, within a moment', () => {
  for (const filler of ['realm="a\\", ', 'x', ', digest ', ' ', 'digest realm="', 'a=']) {
    const line = `WWW-Authenticate: Digest ${filler.repeat(60_000 / filler.length)}`;
    const head = readHead(`RTSP/1.0 401 Unauthorized\r\n${line}`);
    readChallenges(head?.headers.get('www-authenticate') ?? []);
    readTransport(head?.headers.get('www-authenticate')?.[0]);
    readRtpInfo(head?.headers.get('www-authenticate')?.[0]);
  }
});

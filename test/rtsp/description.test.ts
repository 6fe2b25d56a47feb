// What cameras say of their streams, as they say it: SDP, control addresses, the Transport, Session and RTP-Info headers.
import { describe, expect, test } from 'vitest';
import { readRtspAddress } from '../../agent/rtsp/rtsp-address.ts';
import { readSessionDescription } from '../../agent/rtsp/session-description.ts';
import { readRtpInfo, readSession, readTransport } from '../../agent/rtsp/transport-header.ts';

const base = 'rtsp://10.0.0.20/stream1';
const sdp = (...lines: string[]) => ['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=Media', 't=0 0', ...lines].join('\r\n');
const video = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000'];

test('pictures and sound are read with their parameters', () => {
  const { media } = readSessionDescription(
    sdp(
      ...[
        'm=video 0 RTP/AVP 96',
        'b=AS:4000',
        'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AKp==,aO48gA==; profile-level-id=4D002A',
      ],
      ...['a=rtpmap:96 H264/90000', 'a=control:trackID=0'],
      ...[
        'm=audio 0 RTP/AVP 97',
        'a=rtpmap:97 mpeg4-generic/48000/2',
        'a=fmtp:97 config=0190;SizeLength=13',
        'a=control:trackID=1',
      ],
      ...['m=application 0 RTP/AVP 107', 'a=rtpmap:107 vnd.onvif.metadata/90000'],
    ),
    base,
  );
  expect(media.map(({ type, url }) => [type, url])).toEqual([
    ['video', `${base}/trackID=0`],
    ['audio', `${base}/trackID=1`],
    ['application', base],
  ]);
  expect(media[0]?.format).toEqual({
    ...{ type: 'video', payloadType: 96, encoding: 'H264', clockRate: 90_000, channels: 1 },
    parameters: new Map([
      ['packetization-mode', '1'],
      ['sprop-parameter-sets', 'Z00AKp==,aO48gA=='],
      ['profile-level-id', '4D002A'],
    ]),
  });
  expect(media[1]?.format).toMatchObject({ encoding: 'MPEG4-GENERIC', clockRate: 48_000, channels: 2 });
  // Not 190: a number would have lost the zero.
  expect(media[1]?.format?.parameters.get('config')).toBe('0190');
  expect(media[2]?.format).toBeUndefined();
});

test('the size of JPEG pictures too large for RTP’s own field is taken from beside', () => {
  const { media } = readSessionDescription(sdp('m=video 0 RTP/AVP 26', 'a=x-dimensions: 2592,1944'), base);
  expect(media[0]?.format?.parameters.get('x-dimensions')).toBe('2592,1944');
});

test('formats with fixed numbers need no rtpmap; unknown ones are no formats', () => {
  const formats = readSessionDescription(
    sdp('m=audio 0 RTP/AVP 8', 'm=audio 0 RTP/AVP 0', 'm=video 0 RTP/AVP 26', 'm=video 0 RTP/AVP 99'),
    base,
  );
  expect(formats.media.map(({ format }) => format?.encoding)).toEqual(['PCMA', 'PCMU', 'JPEG', undefined]);
});

test.each([
  ['none', [], base],
  ['a star', ['a=control:*'], base],
  ['relative', ['a=control:track1'], `${base}/track1`],
  ['with a slash', ['a=control:/track1'], `${base}/track1`],
  ['absolute', ['a=control:rtsp://192.168.1.5:8554/x/track1'], 'rtsp://192.168.1.5:8554/x/track1'],
])('the address of a track whose control is %s', (_name, control, url) => {
  expect(readSessionDescription(sdp(...video, ...control), base).media[0]?.url).toBe(url);
});

test('a relative control goes behind the query too, and behind a base that ends in a slash', () => {
  const of = (baseUrl: string) => readSessionDescription(sdp(...video, 'a=control:t=0'), baseUrl).media[0]?.url;
  expect(of('rtsp://a/Streaming?channel=1')).toBe('rtsp://a/Streaming?channel=1/t=0');
  expect(of('rtsp://a/stream/')).toBe('rtsp://a/stream/t=0');
});

test('any line ends do, and anything else is no description but no harm either', () => {
  for (const end of ['\n', '\r', '\r\n']) {
    expect(readSessionDescription(sdp(...video).replaceAll('\r\n', end), base).media[0]?.format?.encoding).toBe('H264');
  }
  for (const text of [
    '',
    '<html>',
    'm=',
    'm=video',
    'a=rtpmap:96 H264/90000',
    '\0'.repeat(1000),
    'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/0',
  ]) {
    expect(readSessionDescription(text, base).media.filter(({ format }) => format)).toEqual([]);
  }
  expect(
    readSessionDescription(sdp(...Array.from({ length: 5_000 }, () => video).flat()), base).media.length,
  ).toBeLessThan(20);
});

test('Transport, Session and RTP-Info are read as they come', () => {
  expect(readTransport('RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1')).toEqual({ channels: [4, 5] });
  expect(readTransport('RTP/AVP;unicast;client_port=6970-6971;server_port=50000')).toEqual({
    serverPorts: [50_000, 50_001],
  });
  for (const wrong of [undefined, '', 'interleaved=', 'interleaved=900-901', 'server_port=99999'])
    expect(readTransport(wrong)).toEqual({});
  expect(readSession('12345678;timeout=30')).toEqual({ id: '12345678', timeoutMs: 30_000 });
  expect(readSession('abc ; Timeout = 0')).toEqual({ id: 'abc', timeoutMs: 60_000 });
  expect(readSession(' ')).toBeUndefined();
  expect(readRtpInfo('url=rtsp://a/1;seq=5;rtptime=4294967295,url=rtsp://a/2;rtptime=x, url=t;seq=1')).toEqual([
    { url: 'rtsp://a/1', rtpTime: 4_294_967_295 },
    { url: 'rtsp://a/2' },
    { url: 't' },
  ]);
});

describe('addresses', () => {
  test.each([
    ['rtsp://10.0.0.20', { hostname: '10.0.0.20', port: 554, host: '10.0.0.20', url: 'rtsp://10.0.0.20/', tls: false }],
    [
      'rtsps://cam.local:1322/a?b=c#d',
      { hostname: 'cam.local', port: 1322, url: 'rtsps://cam.local:1322/a?b=c', tls: true },
    ],
    ['rtsps://10.0.0.20/', { port: 322 }],
    ['rtsp://[::1]:8554/x', { hostname: '::1', port: 8554, url: 'rtsp://[::1]:8554/x' }],
    ['rtsp://u:p@h/ä b', { hostname: 'h', url: 'rtsp://h/%C3%A4%20b' }],
    ['rtsp://küche/1', { hostname: 'xn--kche-0ra' }],
  ])('%s', (text, expected) => {
    expect(readRtspAddress(text)).toMatchObject(expected);
  });

  test('anything else is a mistake of the caller', () => {
    expect(() => readRtspAddress('http://10.0.0.20/')).toThrow(TypeError);
  });
});

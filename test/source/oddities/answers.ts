// Cameras that answer in an odd way while they are asked for their stream.
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { RtspAnswer, RtspRequest } from '../../../scripts/scripted-camera/rtsp-message.ts';
import type { ScriptedCamera, ScriptedCameraOptions } from '../../../scripts/scripted-camera/scripted-camera.ts';
import type { Oddity } from './oddity.ts';

type Answer = NonNullable<ScriptedCameraOptions['answer']>;
const few = { pictures: 15 };
const noneComes = { pictures: 0 };
const metadataTrack = ['m=application 0 RTP/AVP 98', 'a=rtpmap:98 vnd.onvif.metadata/90000', 'a=control:trackID=8'];
const secondVideo = ['m=video 0 RTP/AVP 99', 'a=rtpmap:99 H264/90000', 'a=control:trackID=9'];

/** The first request of this method is answered so, all others as usual. */
function atFirst(method: string, answer: RtspAnswer): Answer {
  let wasSaid = false;
  return (request, usual) => {
    if (request.method !== method || wasSaid) return usual;
    wasSaid = true;
    return answer;
  };
}

/** Each answer to this method is changed so. */
function always(method: string, change: (usual: RtspAnswer, request: RtspRequest) => RtspAnswer): Answer {
  return (request, usual) => (request.method === method ? change(usual, request) : usual);
}

function withHeaders(headers: Record<string, string>): (usual: RtspAnswer) => RtspAnswer {
  return usual => ({ ...usual, headers: { ...usual.headers, ...headers } });
}

/** One byte after the other, as from a camera whose processor does something else. */
async function* drip(text: string, everyMs: number): AsyncGenerator<Buffer> {
  for (const byte of Buffer.from(text)) {
    yield Buffer.of(byte);
    await delay(everyMs);
  }
}

function* endlessHeader(): Generator<Buffer> {
  yield Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 1\r\nX: ');
  for (;;) yield Buffer.alloc(10_000, 0x78);
}

export const answerOddities: Oddity[] = [
  {
    camera: 'has no room for one more viewer at first (453)',
    agent: 'tries again after a second',
    reads: ['camera-busy'],
    ...few,
    does: () => ({ answer: atFirst('SETUP', { status: 453, headers: {} }) }),
  },
  {
    camera: 'is not ready at first (503)',
    agent: 'tries again after a second',
    reads: ['camera-busy'],
    ...few,
    does: () => ({ answer: atFirst('DESCRIBE', { status: 503, headers: {} }) }),
  },
  {
    camera: 'sends viewers to another path of its own (302)',
    agent: 'follows',
    reads: [],
    ...few,
    path: '/old',
    does: () => ({
      answer: always('DESCRIBE', (usual, { url }) =>
        url.endsWith('/old') ? { status: 302, headers: { Location: url.replace('/old', '/live') } } : usual,
      ),
    }),
  },
  {
    camera: 'sends viewers to another device (301)',
    agent: 'does not follow: the password is for this camera only',
    reads: ['camera-not-found'],
    ...noneComes,
    does: () => ({
      answer: always('DESCRIBE', () => ({ status: 301, headers: { Location: 'rtsp://192.0.2.1/live' } })),
    }),
  },
  {
    camera: 'names another path as the base of its addresses (Content-Base)',
    agent: 'puts the addresses of its tracks behind that',
    reads: [],
    ...few,
    does: () => ({
      answer: always('DESCRIBE', (usual, { url }) =>
        withHeaders({ 'Content-Base': url.replace('live', 'other/') })(usual),
      ),
    }),
    check: ({ camera }) => expect(setUpUrls(camera)).toEqual([camera.url.replace('live', 'other/trackID=0')]),
  },
  {
    camera: 'names an address that nobody can reach as the base of its addresses',
    agent: 'stays on the connection it has',
    reads: [],
    ...few,
    does: () => ({ answer: always('DESCRIBE', withHeaders({ 'Content-Base': 'rtsp://192.0.2.1/live/' })) }),
  },
  {
    camera: 'describes its tracks with whole addresses',
    agent: 'uses them',
    reads: [],
    ...few,
    does: () => ({ control: 'absolute' }),
    check: ({ camera }) => expect(setUpUrls(camera)).toEqual([`${camera.url}/trackID=0`]),
  },
  {
    camera: 'describes its only track without an address',
    agent: 'asks for the address of the stream',
    reads: [],
    ...few,
    does: () => ({ control: 'missing' }),
  },
  {
    camera: 'ends the lines of its description with LF alone',
    agent: 'reads it',
    reads: [],
    ...few,
    does: () => ({ lineEnd: '\n' }),
  },
  {
    camera: 'describes metadata first, and a second picture after the first',
    agent: 'takes the first picture it can read',
    reads: [],
    ...few,
    does: () => ({
      sdp(usual) {
        const first = usual.findIndex(line => line.startsWith('m='));
        return [...usual.slice(0, first), ...metadataTrack, ...usual.slice(first), ...secondVideo];
      },
    }),
    check: ({ camera }) => expect(setUpUrls(camera)).toEqual([`${camera.url}/trackID=0`]),
  },
  {
    camera: 'describes itself in 300 kB',
    agent: 'reads it',
    reads: [],
    ...few,
    does: () => ({ sdp: usual => [...usual, ...Array<string>(3000).fill(`a=x-vendor:${'x'.repeat(90)}`)] }),
  },
  {
    camera: 'describes itself in 5 MB',
    agent: 'gives up; no more than 1 MiB of an answer is kept',
    reads: ['camera-answer-invalid'],
    ...noneComes,
    does: () => ({ sdp: usual => [...usual, ...Array<string>(50_000).fill(`a=x-vendor:${'x'.repeat(90)}`)] }),
  },
  {
    camera: 'sends a header without an end',
    agent: 'gives up; no more than 64 KiB of a header is kept',
    reads: ['camera-answer-invalid'],
    ...noneComes,
    does: () => ({ answer: always('DESCRIBE', usual => ({ ...usual, raw: endlessHeader() })) }),
  },
  {
    camera: 'answers slowly, a few bytes at a time',
    agent: 'waits',
    reads: [],
    ...few,
    does: () => ({
      answer: always('OPTIONS', usual => ({ ...usual, raw: drip('RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n', 10) })),
    }),
  },
  {
    camera: 'answers so slowly that an answer takes a minute',
    agent: 'gives up after five seconds and tries again',
    reads: ['camera-stalled'],
    ...noneComes,
    timings: { ioTimeoutMs: 1_000 },
    does: () => ({
      answer: always('OPTIONS', usual => ({ ...usual, raw: drip('RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n', 2_000) })),
    }),
  },
  {
    camera: 'chooses other interleaved channels than it was asked for',
    agent: 'listens on those',
    reads: [],
    ...few,
    sound: 'aac',
    does: () => ({ channels: ({ rtp, rtcp }) => ({ rtp: rtp + 10, rtcp: rtcp + 10 }) }),
    check: ({ recording }) => expect(recording.sounds).toBeGreaterThan(3),
  },
  {
    camera: 'does not say from which ports it sends (UDP)',
    agent: 'takes what comes from the camera’s address',
    reads: [],
    ...few,
    agentCamera: { transport: 'udp' },
    does: () => ({
      answer: always('SETUP', usual =>
        withHeaders({ Transport: usual.headers.Transport?.replace(/;server_port=.*/, '') ?? '' })(usual),
      ),
    }),
  },
  {
    camera: 'refuses TCP (461)',
    agent: 'takes UDP',
    reads: [],
    ...few,
    does: () => ({ transports: ['udp'] }),
  },
  {
    camera: 'does not tell where its timestamps and numbers begin (no RTP-Info)',
    agent: 'begins with the first packet',
    reads: [],
    ...few,
    does: () => ({
      answer: always('PLAY', ({ headers: { 'RTP-Info': _, ...headers }, ...rest }) => ({ ...rest, headers })),
    }),
  },
];

function setUpUrls(camera: ScriptedCamera): string[] {
  return camera.requests.filter(({ method }) => method === 'SETUP').map(({ url }) => url);
}

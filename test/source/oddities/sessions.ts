// Cameras that go away, come back, or forget who watches.
import { expect } from 'vitest';
import { Secret } from '../../../agent/secret.ts';
import type { RtspAnswer, RtspRequest } from '../../../scripts/scripted-camera/rtsp-message.ts';
import type { Oddity } from './oddity.ts';

/** Short enough that a test sees it pass. */
const shortSession = { sessionTimeoutMs: 8_000 };
const untilItHasPassed = { pictures: 230 };

/** The first request of a method that is asked while pictures come is answered so. */
function firstKeepAlive(answer: RtspAnswer): (request: RtspRequest, usual: RtspAnswer) => RtspAnswer {
  let isPlaying = false;
  let wasSaid = false;
  return ({ method }, usual) => {
    const isKeepAlive = isPlaying && (method === 'GET_PARAMETER' || method === 'OPTIONS');
    isPlaying = method === 'PLAY' || isPlaying;
    if (!isKeepAlive || wasSaid) return usual;
    wasSaid = true;
    return answer;
  };
}

export const sessionOddities: Oddity[] = [
  {
    camera: 'restarts: its connections are reset, it is away for 2 s, and comes back with other numbers',
    agent: 'tries again every second at first; the recording has a hole as long as the camera was away',
    reads: ['camera-ended', 'camera-unreachable'],
    does: () => ({ moments: [{ atPicture: 25, act: camera => void camera.reboot(2_000) }] }),
    longestGapMs: 30_000,
  },
  {
    camera: 'ends the connection',
    agent: 'connects again after a second',
    reads: ['camera-ended'],
    does: () => ({ moments: [{ atPicture: 25, act: camera => camera.hangUp() }] }),
    longestGapMs: 30_000,
  },
  {
    camera: 'ends the connection in the middle of a picture',
    agent: 'leaves that picture out and tells it; it connects again after a second',
    reads: ['camera-packets-lost', 'camera-ended'],
    film: { size: '320x240', megabits: 1, slices: 4 },
    notRecorded: [25],
    does: () => ({
      packets: (usual, ordinal) => (ordinal === 25 ? usual.slice(0, usual.length / 2) : usual),
      moments: [{ atPicture: 26, act: camera => camera.hangUp() }],
    }),
    longestGapMs: 30_000,
  },
  {
    camera: 'says BYE and ends the connection',
    agent: 'connects again after a second',
    reads: ['camera-ended'],
    does: () => ({
      moments: [
        {
          atPicture: 25,
          act(camera) {
            camera.sayBye();
            camera.hangUp();
          },
        },
      ],
    }),
    longestGapMs: 30_000,
  },
  {
    camera: 'says BYE and keeps the connection without sending more',
    agent: 'gives it up after ten seconds without a packet and connects again',
    reads: ['camera-stalled'],
    timings: { ioTimeoutMs: 2_000, silenceMs: 2_000 },
    does: () => ({
      moments: [
        {
          atPicture: 25,
          act(camera) {
            camera.sayBye();
            camera.fallSilent(4_000);
          },
        },
      ],
    }),
    longestGapMs: 30_000,
  },
  {
    camera: 'falls silent and keeps the connection, as when its power or the network fails',
    agent: 'gives it up after ten seconds without a packet and connects again',
    reads: ['camera-stalled'],
    timings: { ioTimeoutMs: 2_000, silenceMs: 2_000 },
    does: () => ({
      moments: [
        {
          atPicture: 25,
          act(camera) {
            camera.fallSilent(4_000);
          },
        },
      ],
    }),
    longestGapMs: 30_000,
  },
  {
    camera: 'ends sessions that nobody asks for',
    agent: 'asks twice as often as the camera wants',
    reads: [],
    ...untilItHasPassed,
    does: () => shortSession,
    check: ({ camera }) => expect(camera.asked('GET_PARAMETER') + camera.asked('OPTIONS')).toBeGreaterThan(1),
  },
  {
    camera: 'ends sessions that nobody asks for (UDP)',
    agent: 'asks twice as often as the camera wants',
    reads: [],
    agentCamera: { transport: 'udp' },
    ...untilItHasPassed,
    does: () => shortSession,
  },
  {
    camera: 'wants to be signed in to with a new nonce in mid-session (401, stale)',
    agent: 'signs in again; the stream goes on',
    reads: [],
    agentCamera: { username: 'admin', password: new Secret('let me in') },
    ...untilItHasPassed,
    does: () => ({
      ...shortSession,
      signIn: { user: 'admin', password: 'let me in', schemes: ['digest'], qop: true },
      moments: [{ atPicture: 10, act: camera => camera.signIn?.renewNonce() }],
    }),
    check: ({ camera }) => expect(camera.asked('DESCRIBE')).toBe(1),
  },
  {
    camera: 'does not know its session any more (454) when it is asked for',
    agent: 'begins a new session after a second',
    reads: ['camera-ended'],
    pictures: 170,
    does: () => ({ ...shortSession, answer: firstKeepAlive({ status: 454, headers: {} }) }),
    longestGapMs: 30_000,
  },
  {
    camera: 'does not answer while it plays',
    agent: 'goes on as long as pictures come',
    reads: [],
    pictures: 170,
    does: () => {
      let isPlaying = false;
      return {
        sessionTimeoutMs: 8_000,
        answer({ method }, usual) {
          const isLate = isPlaying;
          isPlaying ||= method === 'PLAY';
          return isLate ? 'nothing' : usual;
        },
      };
    },
  },
];

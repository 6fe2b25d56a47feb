// The agent's own reader against RTSP servers that nobody here wrote: GStreamer's, in the pretend camera, and VLC's. Every
// picture carries its number, so that none can be missing without being noticed.
import { once } from 'node:events';
import { connect } from 'node:tls';
import { type ExpectStatic, test as sequentialTest } from 'vitest';
import { Secret } from '../../agent/secret.ts';
import type { SourceCamera } from '../../agent/source/camera-source.ts';
import { makeFootage } from '../../scripts/scripted-camera/footage.ts';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { inRanges } from './oddities/oddity.ts';
import { Recording } from './recording.ts';
import { VlcServer } from './vlc-server.ts';

// Nearly all of their time is waiting for pictures.
const test = sequentialTest.concurrent;
const waiting = { timeout: 50_000, interval: 50 };
const signIn = { username: 'admin', password: new Secret('p@ss:w/rd#%&+ü') };
const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index));
const every = { username: 'admin', password: new Secret(`${printable}äöüß€`) };

type Row = {
  what: string;
  options: string[];
  camera?: Partial<SourceCamera>;
  /** Codecs of the recording. */
  tracks: string[];
};

const h264 = 'V_MPEG4/ISO/AVC';
const h265 = 'V_MPEGH/ISO/HEVC';
const rows: Row[] = [
  { what: 'H.264 and AAC over TCP', options: [], tracks: [h264, 'A_AAC'] },
  { what: 'H.264 and AAC over UDP', options: [], camera: { transport: 'udp' }, tracks: [h264, 'A_AAC'] },
  { what: 'a stream that is offered over UDP only', options: ['--udp-only'], tracks: [h264, 'A_AAC'] },
  { what: 'a stream that is offered over TCP only', options: ['--tcp-only'], tracks: [h264, 'A_AAC'] },
  { what: 'IPv6', options: ['--listen', '::1'], tracks: [h264, 'A_AAC'] },
  { what: 'IPv6 over UDP', options: ['--listen', '::1'], camera: { transport: 'udp' }, tracks: [h264, 'A_AAC'] },
  { what: 'digest authentication', options: ['--user', 'admin'], camera: signIn, tracks: [h264, 'A_AAC'] },
  { what: 'basic authentication', options: ['--user', 'admin', '--basic'], camera: signIn, tracks: [h264, 'A_AAC'] },
  {
    what: 'every printable character, by digest',
    options: ['--user', 'admin'],
    camera: every,
    tracks: [h264, 'A_AAC'],
  },
  { what: 'and by basic', options: ['--user', 'admin', '--basic'], camera: every, tracks: [h264, 'A_AAC'] },
  { what: 'H.265', options: ['--h265'], tracks: [h265, 'A_AAC'] },
  { what: 'H.265 over UDP', options: ['--h265'], camera: { transport: 'udp' }, tracks: [h265, 'A_AAC'] },
  { what: 'G.711 A-law, which becomes AAC', options: ['--g711'], tracks: [h264, 'A_AAC'] },
  { what: 'G.711 µ-law, which becomes AAC', options: ['--mulaw'], tracks: [h264, 'A_AAC'] },
  { what: 'Opus, which becomes AAC', options: ['--opus'], tracks: [h264, 'A_AAC'] },
  { what: 'a stream without sound', options: ['--no-audio'], tracks: [h264] },
];

test.for(rows)('GStreamer: $what arrives whole', async ({ options, camera = {}, tracks }, { expect }) => {
  const password = camera.password?.reveal();
  await using server = await startCamera(['--video', await shortClip(), '--gop', '1', ...options], password);
  await using recording = new Recording({ camera: { url: server.url, ...camera } });
  await expect.poll(() => recording.pictures.length, waiting).toBeGreaterThanOrEqual(40);
  await expectWhole(recording, tracks, expect);
});

test('GStreamer: a stream in TLS with the certificate that the settings name arrives whole', async ({ expect }) => {
  const options = ['--video', await shortClip(), '--gop', '1', '--tls', '--user', 'admin'];
  await using server = await startCamera(options, signIn.password.reveal());
  const camera = { url: server.url, ...signIn };
  await using stranger = new Recording({ camera });
  await expect.poll(() => stranger.codes, waiting).toEqual(['camera-certificate']);
  await using recording = new Recording({ camera: { ...camera, tlsFingerprint: await fingerprintOf(server.port) } });
  await expect.poll(() => recording.pictures.length, waiting).toBeGreaterThanOrEqual(40);
  await expectWhole(recording, [h264, 'A_AAC'], expect);
});

test('GStreamer: B-frames are refused with the setting to change', async ({ expect }) => {
  await using server = await startCamera(['--video', await shortClip(), '--b-frames']);
  await using recording = new Recording({ camera: { url: server.url } });
  await expect.poll(() => recording.codes, waiting).toEqual(['camera-b-frames']);
  expect(recording.errors[0]?.message).toContain('B-frames to 0');
});

test.for([
  { codec: 'h264', transport: 'auto', tracks: [h264] },
  { codec: 'h264', transport: 'udp', tracks: [h264] },
  { codec: 'h265', transport: 'auto', tracks: [h265] },
] as const)('VLC, which offers UDP only: $codec arrives whole by $transport', async (row, { expect }) => {
  await using server = await VlcServer.start(await makeFootage({ codec: row.codec }));
  await using recording = new Recording({ camera: { url: server.url, transport: row.transport } });
  await expect.poll(() => recording.pictures.length, waiting).toBeGreaterThanOrEqual(75);
  await expectWhole(recording, [...row.tracks], expect);
});

async function expectWhole(recording: Recording, tracks: string[], expect: ExpectStatic): Promise<void> {
  await recording[Symbol.asyncDispose]();
  const { ordinals, pictures } = recording;
  expect(inRanges(ordinals)).toBe(`${ordinals[0]}–${ordinals.at(-1)}`);
  expect(pictures[0]?.keyFrame).toBe(true);
  // A server that lets viewers in at any moment may lose packets of pictures before the first key frame.
  const firstMs = pictures[0]?.timecodeMs ?? 0;
  const told = recording.errors.filter(({ lostToMs = firstMs }) => lostToMs >= firstMs);
  expect(told).toEqual([]);
  for (const fragment of recording.tracks) expect(fragment.map(({ codecId }) => codecId)).toEqual(tracks);
}

async function fingerprintOf(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

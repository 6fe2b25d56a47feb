// A bounded run of `npm run fuzz` with every test run; the long runs are made by hand (docs/benchmarks.md).
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { concatBytes } from '../../agent/matroska/ebml.ts';
import { frameHeader, writeClusterStart } from '../../agent/matroska/write.ts';
import { mutateBytes } from '../../scripts/fuzz/mutate-bytes.ts';
import { sampleOf } from '../../scripts/fuzz/mutate-elements.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { demand, pieces } from '../../scripts/fuzz/target.ts';

// As many inputs on a busy machine, in whatever time.
vi.setConfig({ testTimeout: 600_000 });

const command = join(import.meta.dirname, '../../scripts/fuzz/fuzz.ts');

async function fuzz(target: string, inputs: number, seed = 20261123) {
  const args = [command, target, '--inputs', String(inputs), '--seed', String(seed)];
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', ...args]);
  return JSON.parse(stdout);
}

describe('what others send, damaged in thousands of ways', () => {
  test('the Matroska reader gives events or an AgentError, whatever the cuts, and holds on to nothing', async () => {
    const { ok, endings } = await fuzz('ebml', 8000);
    expect(ok).toBe(true);
    // Every kind of ending was met, so the damage reached deep enough.
    const reached = ['matroska-invalid', 'matroska-too-large', 'matroska-truncated', 'whole'];
    expect(Object.keys(endings).sort()).toEqual(reached);
  });

  test('the ack parser never throws and finds the next good ack', async () => {
    const { ok, endings } = await fuzz('acks', 8000);
    expect(ok).toBe(true);
    expect(Object.keys(endings)).toHaveLength(6);
  });

  test('answers to a search for cameras give cameras at the sender’s address, or nothing', async () => {
    const { ok, endings } = await fuzz('probe-answers', 8000);
    expect(ok).toBe(true);
    expect(Object.keys(endings).sort()).toEqual(['0 cameras', '1 cameras', '2 cameras', '3 cameras', 'no answer']);
  });

  test('an RTSP connection gives messages and frames, the same for every cut, and finds its way back', async () => {
    const { ok, endings } = await fuzz('rtsp', 4000);
    expect(ok).toBe(true);
    const reached = ['frames', 'frames and messages', 'messages', 'nothing', 'refused'];
    expect(Object.keys(endings).sort()).toEqual(reached);
  });

  test('a session description gives media that can be asked for, or none', async () => {
    const { ok, endings } = await fuzz('sdp', 8000);
    expect(ok).toBe(true);
    expect(Object.keys(endings).sort()).toEqual(['0 known', '1 known', '2 known', '3 known', 'no media']);
  });

  test('the embedded server ends a PutMedia session as KVS would', async () => {
    const { ok, endings } = await fuzz('put-media', 2000);
    expect(ok).toBe(true);
    expect(Object.keys(endings)).toEqual(
      expect.arrayContaining(['whole', 'headers refused', 'INVALID_MKV_DATA', 'FRAMES_MISSING_FOR_TRACK']),
    );
  });

  test('every signed operation of the embedded server answers with what AWS documents, and goes on', async () => {
    const { ok, endings, problem } = await fuzz('cloud-json', 300);
    expect(problem).toBeUndefined();
    expect(ok).toBe(true);
    const reached = ['InvalidArgumentException', 'SerializationException', 'model: as it should be', 'oddly: 400'];
    expect(Object.keys(endings)).toEqual(expect.arrayContaining(reached));
  });

  test('PutMedia over a damaged wire ends as KVS would end it, and the store stays whole', async () => {
    const { ok, endings, problem } = await fuzz('cloud-put-media', 120);
    expect(problem).toBeUndefined();
    expect(ok).toBe(true);
    expect(Object.keys(endings)).toEqual(expect.arrayContaining(['INVALID_MKV_DATA', 'whole, 3 acks', 'hung up']));
  });

  test('what a session token opens is media, a list, or refused by name', async () => {
    const { ok, endings, problem } = await fuzz('cloud-player', 250);
    expect(problem).toBeUndefined();
    expect(ok).toBe(true);
    expect(Object.keys(endings)).toEqual(expect.arrayContaining(['video/mp4', 'NotAuthorizedException']));
  });

  test('a damaged picture is looked at or refused by name, and the next one is looked at', async () => {
    const { ok, problem } = await fuzz('cloud-images', 20);
    expect(problem).toBeUndefined();
    expect(ok).toBe(true);
  });

  test('the depacketisers give out whole units only, and those of a lossy network as they were sent', async () => {
    const { ok, endings } = await fuzz('rtp', 6000);
    expect(ok).toBe(true);
    const encodings = ['H264', 'H265', 'JPEG', 'MPEG4-GENERIC', 'MP4A-LATM', 'PCMA', 'OPUS'];
    const reached = encodings.flatMap(encoding => [`${encoding} all`, `${encoding} some lost`]);
    expect(Object.keys(endings)).toEqual(expect.arrayContaining(reached));
  });

  test('RTCP is read as far as it is there, and no report moves the timeline to nowhere', async () => {
    const { ok, endings } = await fuzz('rtcp', 8000);
    expect(ok).toBe(true);
    expect(Object.keys(endings)).toHaveLength(6);
  });

  test('every answer of an ONVIF device is read or refused, and names no address but its own', async () => {
    const { ok, endings } = await fuzz('onvif', 5000);
    expect(ok).toBe(true);
    expect(Object.keys(endings)).toEqual(
      expect.arrayContaining(['read', 'unreadable', 'not-authorized', 'not-offered', 'web page', '2 challenges']),
    );
  });
});

describe('the fuzzer itself', () => {
  test('the same seed gives the same run, another seed another one', async () => {
    const [first, again, other] = await Promise.all([fuzz('acks', 500), fuzz('acks', 500), fuzz('acks', 500, 2)]);
    expect(again.endings).toEqual(first.endings);
    expect(other.endings).not.toEqual(first.endings);
  });

  test('a promise that is not kept is told', () => {
    expect(() => demand(false, 'it said it would')).toThrow('it said it would');
  });

  test('elements are found where the writer put them, in a cluster of unknown size too', () => {
    const frame = { trackNumber: 1, timecodeMs: 7, keyFrame: true, data: Uint8Array.of(1, 2, 3) };
    const bytes = concatBytes([writeClusterStart(0), frameHeader(frame, 0), frame.data]);
    expect(sampleOf(bytes).elements).toEqual([
      { start: 0, sizeAt: 4, dataAt: 5, end: bytes.length },
      { start: 5, sizeAt: 6, dataAt: 7, end: 15 },
      { start: 15, sizeAt: 16, dataAt: 24, end: bytes.length },
    ]);
  });

  test('the original stays as it was, in a Buffer too', () => {
    const original = Buffer.from('what is damaged is a copy');
    for (let seed = 0; seed < 100; seed++) mutateBytes(original, seededRandom(seed));
    expect(original.toString()).toBe('what is damaged is a copy');
  });

  test('pieces put together are the input', () => {
    const input = Uint8Array.from({ length: 500 }, (_, index) => index & 0xff);
    for (let seed = 0; seed < 50; seed++) expect(concatBytes([...pieces(input, seededRandom(seed))])).toEqual(input);
  });
});

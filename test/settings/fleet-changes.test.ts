// What a change of settings means for the cameras that run, as a table, and when cameras that begin together connect.

import { describe, expect, test } from 'vitest';
import { startDelaysMs } from '../../agent/fleet.ts';
import { Secret } from '../../agent/secret.ts';
import { type FleetCamera, fixedChanges, fleetChanges } from '../../agent/settings/fleet-changes.ts';
import { parseSettings } from '../../agent/settings/load.ts';
import { labels as labelSettings } from '../../shared/label-settings.ts';

function camera(id: string, changed: Partial<FleetCamera> = {}): FleetCamera {
  const [written] = parseSettings('/site.yaml', `cameras: [{ id: ${id}, url: "rtsp://10.0.0.20/1" }]`).cameras;
  if (!written) throw new Error('There is a camera');
  const { password: _place, ...rest } = written;
  return { ...rest, ...changed };
}

const labels = labelSettings.parse({ motionThreshold: 0 });

describe('of a camera that stays, only what must begins anew:', () => {
  test.each<[string, Partial<FleetCamera>, Partial<FleetCamera>, string[] | 'nothing']>([
    ['nothing when nothing changed', {}, {}, 'nothing'],
    [
      'nothing for equal groups and passwords',
      { labels: { ...labels }, password: new Secret('a') },
      { labels, password: new Secret('a') },
      'nothing',
    ],
    ['recording for its address', {}, { url: 'rtsp://10.0.0.21/1' }, ['ingest']],
    ['recording and events for its user', {}, { username: 'admin' }, ['ingest', 'events']],
    ['both for another password', { password: new Secret('a') }, { password: new Secret('b') }, ['ingest', 'events']],
    ['both for a password that is gone', { password: new Secret('a') }, {}, ['ingest', 'events']],
    [
      'recording for transport, reader, video and sound',
      {},
      { transport: 'udp', reader: 'ffmpeg', video: 'transcode', audio: 'off' },
      ['ingest'],
    ],
    ['analysis for labels', {}, { labels }, ['analysis']],
    ['analysis for their threshold', { labels }, { labels: { ...labels, motionThreshold: 0.5 } }, ['analysis']],
    ['upload for the stream', {}, { stream: 'other' }, ['upload']],
    ['upload for what a stream is made with', {}, { retentionHours: 1, tags: { a: 'b' }, kmsKeyId: 'k' }, ['upload']],
    [
      'nothing for groups, zones and lines',
      {},
      { groups: ['out'], lines: [{ name: 'g', from: [0, 0], to: [1, 1] }] },
      [],
    ],
    ['nothing for how long video stays here', {}, { localRetentionHours: 3 }, []],
    ['all of it', {}, { url: 'rtsp://10.0.0.21/1', labels, stream: 'other' }, ['ingest', 'upload', 'analysis']],
  ])('%s', (_situation, before, after, lines) => {
    const changes = fleetChanges([camera('a', before), camera('b')], [camera('b'), camera('a', after)]);
    expect(changes.added).toEqual([]);
    expect(changes.removed).toEqual([]);
    expect(changes.changed.map(change => change.lines)).toEqual(lines === 'nothing' ? [] : [lines]);
    for (const change of changes.changed) expect(change.camera).toEqual(camera('a', after));
  });
});

test('cameras that came and went are told, and one with another id is another camera', () => {
  const { added, changed, removed } = fleetChanges([camera('a'), camera('b')], [camera('b'), camera('c')]);
  expect([added, changed, removed].map(list => list.length)).toEqual([1, 0, 1]);
  expect([added[0]?.id, removed[0]?.id]).toEqual(['c', 'a']);
});

test('settings that hold only after a restart are named', () => {
  const before = parseSettings('/site.yaml', 'siteName: A\nweb: { listen: "127.0.0.1:1" }\n');
  const after = parseSettings(
    '/site.yaml',
    'siteName: B\nweb: { listen: "127.0.0.1:2" }\nupload: { maxBitsPerSecond: 100000 }\ncameras: [{ id: a, url: "rtsp://h/" }]\n',
  );
  expect(fixedChanges(before, before)).toEqual([]);
  expect(fixedChanges(before, after).sort()).toEqual(['siteName', 'upload.maxBitsPerSecond', 'web.listen']);
});

test.each([
  [0, []],
  [1, [0]],
  [3, [0, 100, 200]],
])('of %i cameras that begin together each has its turn', (count, delaysMs) => {
  expect(startDelaysMs(count)).toEqual(delaysMs);
});

test.each([2, 20, 64, 1_000])(
  '%i cameras open their connections within two seconds, no two at once up to 64',
  count => {
    const delaysMs = startDelaysMs(count);
    expect(delaysMs[0]).toBe(0);
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(2_000);
    expect(delaysMs).toEqual(delaysMs.toSorted((a, b) => a - b));
    if (count <= 64) expect(new Set(delaysMs).size).toBe(count);
  },
);

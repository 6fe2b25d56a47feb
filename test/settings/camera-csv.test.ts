// Lists of cameras as people's spreadsheets write them, and as ours are read by spreadsheets.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { CameraBook } from '../../agent/settings/camera-book.ts';
import { readCameraCsv, writeCameraCsv } from '../../agent/settings/camera-csv.ts';
import { loadSettings } from '../../agent/settings/load.ts';
import type { Group } from '../../agent/settings/merge-patch.ts';

const password = 'p@ss:w/rd#%&+ü "\'';

describe('a list is read', () => {
  const wanted = { id: 'gate', url: 'rtsp://10.0.0.20/1', username: 'admin', labels: { everySeconds: 0.5 } };
  test.each([
    ['with commas', 'id,url,username,labels.everySeconds\ngate,rtsp://10.0.0.20/1,admin,0.5\n'],
    [
      'as Excel writes it in Europe: semicolons, a decimal comma, CRLF and a byte order mark',
      '\uFEFFid;url;username;labels.everySeconds\r\ngate;rtsp://10.0.0.20/1;admin;0,5\r\n',
    ],
    ['with tabs', 'id\turl\tusername\tlabels.everySeconds\ngate\trtsp://10.0.0.20/1\tadmin\t0.5'],
    ['in quotes', '"id","url","username","labels.everySeconds"\n"gate","rtsp://10.0.0.20/1","admin","0.5"\n'],
    [
      'in any order and case, with spaces around',
      'URL , Username,LABELS.EverySeconds, ID\nrtsp://10.0.0.20/1, admin ,0.5, gate\n',
    ],
    [
      'with a byte order mark and commas',
      '\uFEFFid,url,username,labels.everySeconds\ngate,rtsp://10.0.0.20/1,admin,0.5\n',
    ],
  ])('%s', (_situation, csv) => {
    expect(readCameraCsv(csv)).toEqual([{ row: 2, entry: wanted }]);
  });

  test('with cells of several lines, separators and quotes', () => {
    const csv = 'id,url,username,password\ngate,rtsp://h/?a=1;b=2,"a ""b"",\nc","x,""y"""\n\nyard,rtsp://h/,,\n';
    expect(readCameraCsv(csv)).toEqual([
      { row: 2, entry: { id: 'gate', url: 'rtsp://h/?a=1;b=2', username: 'a "b",\nc', password: 'x,"y"' } },
      { row: 4, entry: { id: 'yard', url: 'rtsp://h/' } },
    ]);
  });

  test('with words as people write them, and any tag', () => {
    const csv =
      'id,url,transport,onvif.url,onvif.motionEvents,tags.Site.Name,retentionHours\na,rtsp://h/,TCP,http://h/,FALSE,=Harbour,48\n';
    expect(readCameraCsv(csv)).toEqual([
      {
        row: 2,
        entry: {
          ...{ id: 'a', url: 'rtsp://h/', transport: 'tcp', retentionHours: 48 },
          ...{ onvif: { url: 'http://h/', motionEvents: false }, tags: { 'Site.Name': '=Harbour' } },
        },
      },
    ]);
  });

  test.each([
    ['nothing', '', /first row that names its columns/],
    ['no header', 'gate,rtsp://h/\n', /first row that names its columns/],
    ['no address', 'id,username\na,b\n', /url is missing/],
    [
      'a column that is no setting',
      'id,url,usrname\n',
      /usrname is not a setting of a camera: did you mean username\?/,
    ],
    ['a column twice', 'id,url,ID\n', /id is there twice/],
    ['a quote that does not end', 'id,url\na,"rtsp://secret/\nb,c\n', /cannot be read.*quote/],
    ['more rows than anybody has', `id,url\n${'a,b\n'.repeat(1_001)}`, /more than 1000 rows/],
  ])('but not with %s', (_situation, csv, message) => {
    expect(() => readCameraCsv(csv)).toThrow(message);
    expect(() => readCameraCsv(csv)).not.toThrow(/secret/);
  });

  test.each([
    ['more cells than columns', 'id,url\na,rtsp://h/,x\n', /row has more cells/],
    ['two passwords', 'id,url,password,password.env\na,rtsp://h/,x,Y\n', /row has two passwords/],
  ])('and a row with %s is bad by itself', (_situation, csv, message) => {
    const [row] = readCameraCsv(csv);
    expect(row && 'problem' in row ? row.problem.message : '').toMatch(message);
  });
});

describe('a list is written', () => {
  test('as spreadsheets read it: a byte order mark, CRLF, quotes where needed, no cell that is a formula', () => {
    const csv = writeCameraCsv([
      {
        id: 'a',
        url: 'rtsp://h/?x=1,2',
        username: '=HYPERLINK("http://evil/")',
        tags: { site: '+1', n: '-1', at: '@b', q: "'t" },
      },
    ]);
    expect(csv.startsWith('\uFEFF')).toBe(true);
    expect(csv.split('\r\n')).toHaveLength(3);
    expect(csv.split('\r\n')[1]).toBe(`a,"rtsp://h/?x=1,2","'=HYPERLINK(""http://evil/"")",,,,,'@b,'-1,''t,'+1`);
  });

  const cameras: Group[] = [
    { id: 'a', url: 'rtsp://h/', username: '=1+1', tags: { site: "'=x", other: "'" } },
    { id: 'b', url: 'rtsp://h/', transport: 'udp', labels: { everySeconds: 0.5, provider: 'none' }, retentionHours: 0 },
    {
      id: 'c',
      url: 'rtsp://h/',
      username: 'u',
      password: { env: 'C_PASSWORD' },
      onvif: { url: 'http://h/', motionEvents: false },
    },
    { id: 'd', url: 'rtsp://h/;x=1', username: 'a "b", c\nd', video: 'transcode' },
  ];
  test('and read again it is the same', () => {
    expect(readCameraCsv(writeCameraCsv(cameras)).map(row => 'entry' in row && row.entry)).toEqual(cameras);
  });

  test('with a header also when there is no camera, to be filled in', () => {
    expect(writeCameraCsv([])).toBe('\uFEFFid,url,username,password.env,password.file,stream,transport\r\n');
  });
});

describe('into the settings', () => {
  let folder: string;
  let path: string;
  let book: CameraBook;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'camera-csv-'));
    path = join(folder, 'site.yaml');
    await writeFile(path, '# mine\ncameras:\n  - id: gate   # old\n    url: rtsp://10.0.0.20/1\n');
    book = new CameraBook({ path, dataDir: join(folder, 'data'), clock: systemClock });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const options = { dryRun: false, skipBad: false, references: false };
  const list = [
    'id,url,username,password,password.file',
    `yard,rtsp://10.0.0.21/1,admin,"${password.replaceAll('"', '""')}",`,
    'gate,rtsp://10.0.0.22/1,,,',
    'yard,rtsp://10.0.0.23/1,,,',
    'Shed,rtsp:x,,,',
    'thief,rtsp://10.6.6.6/1,root,,/etc/shadow',
    'quay,rtsp://10.0.0.24/1,,,',
  ].join('\r\n');
  const outcomes = [
    [2, 'yard', 'good', undefined],
    [3, 'gate', 'refused', 'camera-exists'],
    [4, 'yard', 'refused', 'camera-exists'],
    [5, 'Shed', 'refused', 'settings-invalid'],
    [6, 'thief', 'refused', 'settings-invalid'],
    [7, 'quay', 'good', undefined],
  ];

  test('all or nothing, and every bad row says why', async () => {
    const before = await readFile(path, 'utf8');
    const answer = await book.importCsv({ ...options, csv: list });
    expect(answer.added).toBe(0);
    expect(answer.rows.map(({ row, id, outcome, problem }) => [row, id, outcome, problem?.code])).toEqual(outcomes);
    expect(answer.rows[4]?.problem?.message).toContain('only with kvs-edge camera import');
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  test('a dry run changes nothing, whatever is in the list', async () => {
    const before = await readFile(path, 'utf8');
    const answer = await book.importCsv({ ...options, csv: 'id,url\na,rtsp://h/\n', dryRun: true });
    expect(answer).toEqual({ added: 0, rows: [{ row: 2, id: 'a', outcome: 'good' }], needRestart: [] });
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  test('bad rows can be passed over; passwords go to their files', async () => {
    const answer = await book.importCsv({ ...options, csv: list, skipBad: true });
    expect(answer.added).toBe(2);
    const { cameras } = await loadSettings(path);
    expect(cameras.map(({ id }) => id)).toEqual(['gate', 'yard', 'quay']);
    expect(await readdir(join(folder, 'data/secrets'))).toEqual(['yard']);
    expect(await readFile(join(folder, 'data/secrets/yard'), 'utf8')).toBe(password);
    expect(await readFile(path, 'utf8')).toMatch(/^# mine\ncameras:\n {2}- id: gate {3}# old\n/);
    expect(await readFile(path, 'utf8')).not.toContain('p@ss');
    expect(await book.exportCsv()).not.toMatch(/p@ss|secrets/);
  });

  test('a thousand cameras come in at once, without holding up the agent for long', async () => {
    const rows = Array.from(
      { length: 1_000 },
      (_, number) => `cam-${number},rtsp://10.1.${number >> 8}.${number % 256}/1`,
    );
    // In time of the processor: what others take of it holds up nobody here.
    const usedMs = () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1_000;
    };
    let longestMs = 0;
    let lastMs = usedMs();
    const beat = setInterval(() => {
      longestMs = Math.max(longestMs, usedMs() - lastMs);
      lastMs = usedMs();
    }, 5);
    const answer = await book.importCsv({ ...options, csv: `id,url\n${rows.join('\n')}` });
    clearInterval(beat);
    expect(answer.added).toBe(1_000);
    expect(longestMs).toBeLessThan(2_000);
  });
});

// Cameras added, changed and removed in a settings file that people write by hand: what stays as it was, what is refused,
// where passwords go, and what holds when many change it at once or one is killed.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { AgentError } from '../../agent/errors.ts';
import { CameraBook } from '../../agent/settings/camera-book.ts';
import { loadSettings } from '../../agent/settings/load.ts';
import type { CameraChanges, NewCamera } from '../../shared/camera-edits.ts';

const password = 'p@ss:w/rd#%&+ü "\'';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camera-edits-'));
  path = join(folder, 'site.yaml');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function bookOf(text: string): Promise<CameraBook> {
  await writeFile(path, text);
  return new CameraBook({ path, dataDir: join(folder, 'data'), clock: systemClock });
}

const text = () => readFile(path, 'utf8');
const secretFiles = () => readdir(join(folder, 'data/secrets')).catch(() => []);

async function refusal(edit: Promise<unknown>): Promise<AgentError> {
  const error = await edit.then(
    () => undefined,
    thrown => thrown,
  );
  if (error instanceof AgentError) return error;
  throw new Error(`was not refused with an AgentError: ${error}`);
}

const handWritten = `# The harbour
siteName:   'Harbour'     # shown at the top


cameras:
    # looks at the gate
    - id: gate            # oldest camera
      url:  "rtsp://10.0.0.20/stream1"   # main stream
      username: admin
      password: { env: GATE_PASSWORD }
      labels: {
        provider: rekognition,   # costs money
        everySeconds: 2
      }

    # the quay
    - id: quay
      url: rtsp://10.0.0.21/stream1
      tags: { site: harbour }


rules:
    - id: person
      when: { labels: [Person], cameras: [gate, quay] }   # both
      then: [{ webhook: { url: https://example.com/hook, secret: { env: HOOK } } }]
    - id: car-at-quay
      when:
          labels: [Car]
          cameras: [quay]
      then: [{ webhook: { url: https://example.com/hook, secret: { env: HOOK } } }]
# the end
`;

/** Lines of the text that are not in the other, in order. */
function missingIn(text: string, other: string): string[] {
  const rest = other.split('\n');
  return text.split('\n').filter(line => {
    const at = rest.indexOf(line);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

describe('what a person wrote stays as it is, to the byte', () => {
  test('when a camera is added: only its lines come in', async () => {
    const book = await bookOf(handWritten);
    await book.add({ id: 'shed', url: 'rtsp://10.0.0.22/1', transport: 'udp', labels: { everySeconds: 5 } });
    expect(missingIn(handWritten, await text())).toEqual([]);
    expect(missingIn(await text(), handWritten)).toEqual([
      '    - id: shed',
      '      url: rtsp://10.0.0.22/1',
      '      transport: udp',
      '      labels: { everySeconds: 5 }',
    ]);
  });

  test('when a setting changes: only its line does, and the comment beside it stays', async () => {
    const book = await bookOf(handWritten);
    await book.change('gate', { url: 'rtsp://10.0.0.20/stream2' });
    expect(missingIn(handWritten, await text())).toEqual(['      url:  "rtsp://10.0.0.20/stream1"   # main stream']);
    expect(missingIn(await text(), handWritten)).toEqual(['      url: "rtsp://10.0.0.20/stream2" # main stream']);
  });

  test('when a camera is removed: only it goes, with the comment above it', async () => {
    const book = await bookOf(
      handWritten.replace('cameras: [gate, quay]', 'cameras: [gate]').replace(/ {4}- id: car[^#]*/, ''),
    );
    const before = await text();
    await book.remove('quay', { force: false });
    expect(missingIn(await text(), before)).toEqual([]);
    expect(missingIn(before, await text()).filter(line => line !== '')).toEqual([
      '    # the quay',
      '    - id: quay',
      '      url: rtsp://10.0.0.21/stream1',
      '      tags: { site: harbour }',
    ]);
  });

  test.each([
    ['no list of cameras', 'siteName:   X   # name\n'],
    ['an empty list', 'cameras:   []   # none yet\nsiteName:   X   # name\n'],
    ['lists that are not indented', 'siteName:   X   # name\ncameras:\n- id: a\n  url: rtsp://10.0.0.1/\n'],
    ['Windows line ends', 'siteName:   X   # name\r\ncameras:\r\n  - id: a\r\n    url: rtsp://10.0.0.1/\r\n'],
    ['no line end at its end', 'siteName:   X   # name\ncameras:\n  - id: a\n    url: rtsp://10.0.0.1/'],
    [
      'a comma too many, which the parser does not write',
      'siteName: X # name\ncameras: [{ id: a, url: "rtsp://10.0.0.1/", }]\n',
    ],
    ['JSON', '{"siteName": "X", "cameras": [{"id": "a", "url": "rtsp://10.0.0.1/"}]}'],
  ])('in a file with %s', async (_situation, before) => {
    const book = await bookOf(before);
    await book.add({ id: 'new', url: 'rtsp://10.0.0.9/' });
    const after = await text();
    const { cameras, siteName } = await loadSettings(path);
    expect({ siteName, id: cameras.at(-1)?.id }).toEqual({ siteName: 'X', id: 'new' });
    expect(after.includes('\r\n')).toBe(before.includes('\r\n'));
    if (before.startsWith('{')) expect(JSON.parse(after).cameras).toHaveLength(2);
    else expect(after).toMatch(/^siteName: +X +# name\r?$/m);
    await book.remove('new', { force: false });
    expect((await loadSettings(path)).cameras.map(({ id }) => id)).not.toContain('new');
  });

  test('and so do its mode and the link that leads to it', async () => {
    const book = await bookOf(handWritten);
    await mkdir(join(folder, 'etc'));
    const link = join(folder, 'etc', 'site.yaml');
    await symlink(path, link);
    await chmod(path, 0o640);
    await new CameraBook({ path: link, dataDir: join(folder, 'data'), clock: systemClock }).add({
      id: 'new',
      url: 'rtsp://10.0.0.9/',
    });
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect((await book.list()).map(({ id }) => id)).toContain('new');
  });
});

describe('a change is refused, and nothing is changed', () => {
  const rows: [string, (book: CameraBook) => Promise<unknown>, string, RegExp, string[]?][] = [
    ['a camera that is there', book => book.add({ id: 'gate', url: 'rtsp://h/' }), 'camera-exists', /gate/],
    ['a camera that is not there', book => book.change('shed', { audio: 'off' }), 'camera-unknown', /gate, quay/],
    [
      'an id that is none',
      book => book.add({ id: 'Front Door', url: 'rtsp://h/' }),
      'settings-invalid',
      /lower-case/,
      ['id'],
    ],
    [
      'two settings that are wrong',
      book => book.add({ id: 'a', url: 'ftp://h/', retentionHours: -1 }),
      'settings-invalid',
      /url must be.*retentionHours must be/,
      ['url', 'retentionHours'],
    ],
    [
      'a setting that is none',
      book => book.add({ id: 'a', url: 'rtsp://h/', retention: 3 } as NewCamera),
      'settings-invalid',
      /retention is not a setting/,
      ['retention'],
    ],
    [
      'a wrong setting within a group',
      book => book.change('gate', { labels: { everySeconds: 0 } }),
      'settings-invalid',
      /labels\.everySeconds must be a number from 0.5/,
      ['labels.everySeconds'],
    ],
    [
      'a password inside the address',
      book => book.add({ id: 'a', url: `rtsp://u:secret@h/` }),
      'settings-invalid',
      /must not contain a user or password/,
      ['url'],
    ],
    [
      'a password without its user',
      book => book.add({ id: 'a', url: 'rtsp://h/', password }),
      'settings-invalid',
      /username is missing/,
      ['username'],
    ],
    [
      'another id',
      book => book.change('gate', { id: 'door' } as CameraChanges),
      'settings-invalid',
      /id cannot change/,
      ['id'],
    ],
    [
      'an address of another host, which would be sent the password',
      book => book.change('gate', { url: 'rtsp://10.6.6.6/' }),
      'settings-invalid',
      /password is needed again.*10\.6\.6\.6/,
      ['password'],
    ],
    [
      'an ONVIF address of another host',
      book => book.change('gate', { onvif: { url: 'http://10.6.6.6/onvif' } }),
      'settings-invalid',
      /password is needed again.*10\.6\.6\.6/,
      ['password'],
    ],
    ['a camera that rules name', book => book.remove('gate', { force: false }), 'camera-in-rules', /rule person names/],
  ];
  test.each(rows)('%s', async (_situation, edit, code, message, fields = []) => {
    const book = await bookOf(handWritten);
    const error = await refusal(edit(book));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/secret|p@ss/);
    expect((error.fields ?? []).map(field => field.path)).toEqual(fields);
    expect(await text()).toBe(handWritten);
    expect(await secretFiles()).toEqual([]);
  });

  test('a file that became wrong meanwhile: it says so, by line', async () => {
    const book = await bookOf('cameras:\n  - id: gate\n    url: 7\n');
    const error = await refusal(book.add({ id: 'a', url: 'rtsp://h/' }));
    expect(error.code).toBe('settings-invalid');
    expect(error.message).toMatch(/not valid as it is now[\s\S]*site\.yaml:3 {2}cameras\[0\]\.url/);
  });

  test.each([
    [
      'that is an alias',
      'rules: &none []\ncameras: *none\n',
      (book: CameraBook) => book.add({ id: 'b', url: 'rtsp://h/' }),
    ],
    [
      'with settings that another camera uses',
      'cameras:\n  - { id: a, url: rtsp://h/, labels: &seen { everySeconds: 5 } }\n  - { id: c, url: rtsp://h/, labels: *seen }\n',
      (book: CameraBook) => book.remove('a', { force: false }),
    ],
  ])('a list %s, which only a person can change', async (_situation, before, edit) => {
    const error = await refusal(edit(await bookOf(before)));
    expect(error).toMatchObject({ code: 'settings-invalid', message: expect.stringContaining('aliases') });
    expect(await text()).toBe(before);
  });

  test('settings that the agent cannot take, such as a secret it does not have', async () => {
    await writeFile(path, handWritten);
    const prepare = async () => {
      throw new AgentError({ code: 'settings-invalid', kind: 'invalid', retry: 'never', message: 'No.' });
    };
    const book = new CameraBook({ path, dataDir: join(folder, 'data'), clock: systemClock, prepare });
    expect((await refusal(book.add({ id: 'a', url: 'rtsp://h/', username: 'u', password }))).message).toBe('No.');
    expect(await text()).toBe(handWritten);
    expect(await secretFiles()).toEqual([]);
  });

  // Root may write everything but a disk that is mounted for reading.
  test.runIf(process.getuid?.() !== 0)('a file that may not be written', async () => {
    const book = await bookOf(handWritten);
    await chmod(path, 0o444);
    const error = await refusal(book.add({ id: 'a', url: 'rtsp://h/' }));
    expect(error).toMatchObject({ code: 'settings-read-only', message: expect.stringContaining('may not write') });
  });

  test.runIf(process.getuid?.() === 0)('a file mounted by itself, as containers do', async () => {
    await bookOf(handWritten);
    await writeFile(join(folder, 'mounted.yaml'), '');
    const run = promisify(execFile);
    await run('mount', ['--bind', path, join(folder, 'mounted.yaml')]);
    try {
      const mounted = new CameraBook({
        path: join(folder, 'mounted.yaml'),
        dataDir: join(folder, 'data'),
        clock: systemClock,
      });
      const error = await refusal(mounted.add({ id: 'a', url: 'rtsp://h/', username: 'u', password }));
      expect(error).toMatchObject({ code: 'settings-read-only', message: expect.stringContaining('mount its folder') });
      expect(await text()).toBe(handWritten);
      expect(await secretFiles()).toEqual([]);
    } finally {
      await run('umount', [join(folder, 'mounted.yaml')]);
    }
  });
});

describe('a password', () => {
  const camera = { id: 'shed', url: 'rtsp://10.0.0.22/1', username: 'admin', password };

  test('goes to a file of its own, for its user alone; the settings say where', async () => {
    const book = await bookOf(handWritten);
    const { camera: shown } = await book.add(camera);
    expect(shown).toMatchObject({ id: 'shed', hasPassword: true });
    expect(JSON.stringify(shown)).not.toMatch(/p@ss|secrets/);
    expect(await text()).toContain('password: { file: data/secrets/shed }');
    expect(await readFile(join(folder, 'data/secrets/shed'), 'utf8')).toBe(password);
    expect((await stat(join(folder, 'data/secrets/shed'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'data/secrets'))).mode & 0o777).toBe(0o700);
  });

  test('that changes goes to another file, and the old one goes when nothing refers to it any more', async () => {
    const book = await bookOf(handWritten);
    await book.add(camera);
    await book.change('shed', { url: 'rtsp://10.6.6.6/', password: 'second' });
    expect(await text()).toContain('password: { file: data/secrets/shed.2 }');
    expect(await secretFiles()).toEqual(['shed.2']);
    await book.change('shed', { password: 'third' });
    expect(await secretFiles()).toEqual(['shed']);
    expect(await readFile(join(folder, 'data/secrets/shed'), 'utf8')).toBe('third');
  });

  test('stays with an address of the same host, and with another user', async () => {
    const book = await bookOf(handWritten);
    await book.add(camera);
    const { camera: shown } = await book.change('shed', { url: 'rtsp://10.0.0.22:8554/2', username: 'viewer' });
    expect(shown).toMatchObject({ username: 'viewer', hasPassword: true });
  });

  test('goes with its user, and with its camera; one that a person keeps elsewhere stays', async () => {
    const book = await bookOf(handWritten);
    await book.add(camera);
    expect((await book.change('shed', { username: null })).camera.hasPassword).toBe(false);
    expect(await secretFiles()).toEqual([]);
    await book.change('shed', { username: 'admin', password });
    expect(await secretFiles()).toEqual(['shed']);
    await book.remove('shed', { force: false });
    expect(await secretFiles()).toEqual([]);

    await writeFile(join(folder, 'own'), 'theirs');
    await book.add({ ...camera, password: { file: 'own' } });
    await book.remove('shed', { force: false });
    expect(await readFile(join(folder, 'own'), 'utf8')).toBe('theirs');
  });
});

test('a camera may name any model of the file, and no other', async () => {
  const book = await bookOf(
    'cameras:\n  - { id: gate, url: "rtsp://h/1" }\nmodels:\n  - { id: parcels, sagemaker: { endpointName: x } }\n',
  );
  await book.change('gate', { labels: { provider: 'sagemaker', model: 'parcels' } });
  await book.add({ id: 'quay', url: 'rtsp://h/2', labels: { provider: 'sagemaker', model: 'parcels' } });
  const error = await refusal(book.change('gate', { labels: { model: 'letters' } }));
  expect(error).toMatchObject({ code: 'settings-invalid', fields: [{ path: 'labels.model' }] });
  expect(await text()).toContain('model: parcels');
});

test('with force a camera leaves the rules that name it, and a rule for it alone goes with it', async () => {
  const book = await bookOf(handWritten);
  expect(await book.remove('quay', { force: true })).toEqual({
    changedRules: ['person'],
    removedRules: ['car-at-quay'],
    needRestart: [],
  });
  const { cameras, rules } = await loadSettings(path);
  expect(cameras.map(({ id }) => id)).toEqual(['gate']);
  expect(rules.map(({ id, when }) => [id, when.cameras])).toEqual([['person', ['gate']]]);
  expect(missingIn(await text(), handWritten)).toEqual([
    '      when: { labels: [ Person ], cameras: [ gate ] } # both',
  ]);
  expect(await text()).toContain('# costs money');
});

test('changes at the same time are all there', async () => {
  const book = await bookOf(handWritten);
  const second = new CameraBook({ path, dataDir: join(folder, 'data'), clock: systemClock });
  const ids = Array.from({ length: 12 }, (_, number) => `cam-${number}`);
  await Promise.all(
    ids.map((id, at) => (at % 2 ? book : second).add({ id, url: 'rtsp://h/', username: 'u', password: id })),
  );
  expect((await book.list()).map(({ id }) => id).sort()).toEqual(['gate', 'quay', ...ids].sort());
  expect((await secretFiles()).sort()).toEqual(ids.sort());
});

test('killed at any moment, a change is there as a whole or not at all, with the right password', async () => {
  await bookOf(handWritten);
  const module = (name: string) => JSON.stringify(new URL(`../../agent/${name}`, import.meta.url).href);
  const program = `
    import { CameraBook } from ${module('settings/camera-book.ts')};
    import { systemClock } from ${module('clock.ts')};
    const [path, dataDir] = process.argv.slice(1);
    const book = new CameraBook({ path, dataDir, clock: systemClock });
    if (!(await book.list()).some(({ id }) => id === 'shed'))
      await book.add({ id: 'shed', url: 'rtsp://10.0.0.0/', username: 'u', password: 'of 10.0.0.0' });
    process.stdout.write('ready');
    for (let number = process.pid; ; number++) {
      const host = '10.0.0.' + (number % 250);
      await book.change('shed', { url: 'rtsp://' + host + '/', password: 'of ' + host });
    }`;
  const states = new Set<string>();
  // A busy machine may kill a few before they have changed anything; each one has longer than the one before.
  for (let kill = 0; kill < 8 || (states.size <= 3 && kill < 40); kill++) {
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
    const child = spawn(process.execPath, [...args, path, join(folder, 'data')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    setTimeout(() => child.kill('SIGKILL'), 20 + kill * 25);
    await ended;
    const shed = (await loadSettings(path)).cameras.find(({ id }) => id === 'shed');
    if (!shed?.password || !('file' in shed.password)) throw new Error('The camera is not whole');
    expect(await readFile(shed.password.file, 'utf8')).toBe(`of ${new URL(shed.url).hostname}`);
    expect(missingIn(handWritten, await text())).toEqual([]);
    states.add(shed.url);
  }
  expect(states.size).toBeGreaterThan(3);
});

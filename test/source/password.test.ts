// The camera's password works with every printable character and can be read nowhere on the machine.
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../agent/secret.ts';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { Following } from './following.ts';

/** Of this run alone: other tests have passwords of their own on their command lines at the same time. */
const mark = randomBytes(6).toString('hex');
const canary = `p@${mark}:w/${mark}#%&+ü "'`;
const traces = [canary, encodeURIComponent(canary), encodeURIComponent(canary).replace("'", '%27'), mark];

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  // A process may be gone by the time its file is read.
  return Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
}

describe.each(['native', 'ffmpeg'] as const)('read by %s', reader => {
  test('the right password opens the stream and shows in no list of processes and in no fact', async () => {
    await using camera = await startCamera(['--video', await shortClip(), '--gop', '1', '--user', "ad'min"], canary);
    await using following = new Following({
      reader,
      url: camera.url,
      username: "ad'min",
      password: new Secret(canary),
    });
    const seen: string[] = [];
    const look = async () => {
      seen.push(...(await commandLines()));
      return following.ordinals.length;
    };
    await expect.poll(look, { timeout: 50_000, interval: 40 }).toBeGreaterThan(10);
    if (reader === 'ffmpeg') expect(seen.some(line => line.includes('ffmpeg') && line.includes('pipe:0'))).toBe(true);
    await camera.stop('SIGKILL');
    await expect.poll(() => following.problems.length, { timeout: 50_000 }).toBeGreaterThan(1);
    const said = inspect(following.states, { depth: 10 }) + JSON.stringify(following.states);
    for (const trace of traces) {
      expect(seen.filter(line => line.includes(trace))).toEqual([]);
      expect(said).not.toContain(trace);
    }
  });

  test('a wrong password is told as such, without it, and tried again only after half a minute or more', async () => {
    await using camera = await startCamera(['--video', await shortClip(), '--user', 'admin'], 'letmein');
    await using following = new Following({ reader, url: camera.url, username: 'admin', password: new Secret(canary) });
    await expect.poll(() => following.problems.length, { timeout: 50_000 }).toBe(1);
    const [, refused] = following.states;
    expect(refused).toMatchObject({ state: 'refused', error: { code: 'camera-denied', kind: 'denied' } });
    expect(refused?.error?.message).toContain('refuses the user name or password');
    expect(following.waitsMs[0]).toBeGreaterThan(25_000);
    const said = inspect(following.states, { depth: 10 });
    for (const trace of traces) expect(said).not.toContain(trace);
  });
});

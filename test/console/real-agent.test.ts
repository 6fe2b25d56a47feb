// The whole way once more with nothing scripted: a camera on this machine that answers ONVIF, a running agent, the embedded
// service, and a browser in which somebody adds the camera by its address.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consolePassword, RunningAgent } from '../agent/running-agent.ts';
import { LabCloud } from '../fault-lab/lab-cloud.ts';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { buildConsole } from './built-console.ts';
import { isChromiumMissing, launchChromium } from './chromium.ts';

/** Of its own, so that cameras of other tests do not answer. */
const host = '127.0.0.32';
const password = 'p@ss:w/rd#%&+ü "\'';

let dir: string;
let browser: Browser;

describe.skipIf(isChromiumMissing)('in a browser', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'console-real-'));
    [browser] = await Promise.all([launchChromium(), buildConsole(dir)]);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(dir, { recursive: true });
  });

  test('a camera is found at its address, signed in to, checked, and its video reaches the service', async () => {
    await using cloud = await LabCloud.start();
    await using agent = await RunningAgent.start({ aws: { endpoint: cloud.url } });
    const places = ['--listen', host, '--onvif', '0', '--discovery', host, '--name', 'Back yard'];
    const options = ['--video', await shortClip(), '--gop', '1', '--user', 'admin', ...places];
    await using _camera = await startCamera(options, password);

    const page = await browser.newPage();
    // A check looks at the camera for eight seconds at least, and the first fragments take their time.
    page.setDefaultTimeout(150_000);
    // The agent serves what was built for it; this page is built for the test.
    await page.route(
      url => !url.pathname.startsWith('/api/'),
      (route, request) => {
        const { pathname } = new URL(request.url());
        return route.fulfill({ path: join(dir, extname(pathname) === '' ? 'index.html' : pathname) });
      },
    );
    await page.goto(`${agent.url}/add?by=address`);
    await page.fill('#password', consolePassword);
    await page.click('button[type=submit]');
    await page.fill('#address', host);
    await page.getByRole('button', { name: 'Look there' }).click();
    await page.getByRole('checkbox', { name: /Back yard/ }).check();
    await page.getByRole('button', { name: 'Go on with 1 camera' }).click();
    await page.getByLabel('User').fill('admin');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in and check' }).click();
    const card = page.locator('[data-check]');
    await card.locator('img').waitFor();
    expect(await card.locator('[data-level=red]').count()).toBe(0);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: 'Add 1 camera' }).click();
    await page
      .locator('[data-added=back-yard]')
      .filter({ hasText: 'on disk ✓' })
      .filter({ hasText: 'in cloud ✓' })
      .waitFor();
    await page.close();

    expect((await cloud.fragments('back-yard')).length).toBeGreaterThan(0);
    const settings = await agent.text('/api/cameras/back-yard/settings');
    expect(JSON.parse(settings)).toMatchObject({ username: 'admin', hasPassword: true, onvif: { motionEvents: true } });
    expect(`${settings}${agent.output}`).not.toContain('p@ss');
  });
});

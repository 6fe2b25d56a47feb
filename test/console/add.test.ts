// Setting cameras up in a real browser, against the scripted agent: from an empty wall to a camera whose video is in the
// cloud, and everything that can be in the way. Then one change and one removal.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildConsole } from './built-console.ts';
import { isChromiumMissing, launchChromium } from './chromium.ts';
import { makeScene, type Scene } from './scene.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { CAMERA_PASSWORD, FINGERPRINT, ScriptedSetUp } from './set-up.ts';
import { liveCamera } from './story.ts';

const PASSWORD = 'open-sesame';

let dir: string;
let scene: Scene;
let browser: Browser;
let setUp: ScriptedSetUp;
let agent: ScriptedAgent;
let page: Page;
let origin: string;
let said: string[];

async function open(path: string): Promise<void> {
  await page.goto(origin + path);
  await page.fill('#password', PASSWORD);
  await page.click('button[type=submit]');
}

const step = (name: string) => page.locator(`[data-step=${name}][data-at=open]`);
const found = (title: string) => page.getByRole('checkbox', { name: new RegExp(title) });
const press = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' }).click();
const asked = (method: string, path: string) =>
  setUp.asked.filter(request => request.method === method && request.path.startsWith(path)).map(({ body }) => body);

/** Find, and the sign-in of the cameras. */
async function chooseAndSignIn(titles: string[], password = CAMERA_PASSWORD): Promise<void> {
  await page.locator('[data-search=done]').waitFor();
  for (const title of titles) await found(title).check();
  await press(/^Go on with/);
  await signInToCameras(password);
}

async function signInToCameras(password: string): Promise<void> {
  await step('sign-in').getByLabel('User').first().fill('admin');
  await step('sign-in').getByLabel('Password').first().fill(password);
  await step('sign-in').locator('form').first().getByRole('button').click();
}

describe.skipIf(isChromiumMissing)('in a browser', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'console-add-'));
    const built = buildConsole(join(dir, 'dist'));
    scene = await makeScene(dir);
    await built;
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await rm(dir, { recursive: true });
  });

  beforeEach(async () => {
    const [still = Buffer.alloc(0)] = scene.stills;
    setUp = new ScriptedSetUp({ still });
    const script = { dist: join(dir, 'dist'), scene, password: PASSWORD, busy: false, setUp };
    agent = new ScriptedAgent({ ...script, cameras: now => [{ ...liveCamera(now), id: 'garage', stream: 'garage' }] });
    origin = `http://127.0.0.1:${await agent.listen()}`;
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    said = [];
    page.on('pageerror', error => said.push(error.message));
    page.on('console', message => said.push(message.text()));
  });

  afterEach(async () => {
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
    expect(kept).not.toContain('p@ss');
    await page.close();
    await agent.stop();
    expect(said.filter(text => !text.startsWith('Failed to load resource'))).toEqual([]);
  });

  test('an empty wall leads to cameras that are found, signed in to, checked, named, and seen to arrive', async () => {
    agent.script.cameras = () => [];
    await open('/');
    await page.getByRole('link', { name: 'Find cameras' }).click();
    await found('Front yard').check();
    await chooseAndSignIn(['Dahua']);
    await step('check').waitFor();
    const yard = page.locator('[data-check="urn:uuid:20"]');
    expect(await yard.innerText()).toMatch(/things are as they should be/);
    await expect.poll(() => yard.locator('img').evaluate(image => (image as HTMLImageElement).naturalWidth)).toBe(640);
    const side = page.locator('[data-check="urn:uuid:21"]');
    expect(await side.locator('[data-finding=audio][data-level=amber]').innerText()).toMatch(/G\.711.*To change: /s);
    await step('check').getByRole('button', { name: 'Go on' }).click();

    const names = step('name').getByLabel('Name', { exact: true });
    expect(await names.nth(0).inputValue()).toBe('front-yard');
    await names.nth(1).fill('front-yard');
    await step('name').filter({ hasText: 'There is another camera front-yard. How about front-yard-2?' }).waitFor();
    // Asks for nothing, as the whole list below shows.
    await press('Add 2 cameras');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
    await names.nth(1).fill('side');
    await step('name').getByLabel('Label what it sees').first().check();
    await press('Add 2 cameras');
    const added = page.locator('[data-added=front-yard]');
    await added.filter({ hasText: 'on disk ✓' }).filter({ hasText: 'in cloud ✓' }).waitFor();
    await added.filter({ hasText: 'first label ✓' }).waitFor();
    // The note comes when the last one is in the settings.
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.textContent))
      .toContain('They are in the settings');
    expect(asked('POST', '/api/cameras')).toEqual([
      {
        ...{ id: 'front-yard', url: 'rtsp://10.0.0.20/cam/realmonitor?channel=1&subtype=0' },
        ...{ username: 'admin', password: CAMERA_PASSWORD, labels: { provider: 'rekognition' } },
        onvif: { url: 'http://10.0.0.20/onvif/device_service' },
      },
      {
        ...{ id: 'side', url: 'rtsp://10.0.0.21/cam/realmonitor?channel=1&subtype=0' },
        ...{ username: 'admin', password: CAMERA_PASSWORD },
        onvif: { url: 'http://10.0.0.21/onvif/device_service' },
      },
    ]);
    await page.getByRole('link', { name: 'See the cameras' }).click();
    await page.locator('[data-camera=side]').waitFor();
  });

  test('a wrong password is said in words, its field is empty again, and the right one goes on', async () => {
    await open('/add');
    await chooseAndSignIn(['Front yard'], 'wrong');
    await page.locator('[data-sign-in]').filter({ hasText: 'Wrong user or password' }).waitFor();
    expect(await step('sign-in').getByLabel('Password').inputValue()).toBe('');
    expect(await step('sign-in').getByLabel('User').inputValue()).toBe('admin');
    await signInToCameras(CAMERA_PASSWORD);
    await step('check').waitFor();
    await press('Change: Sign in');
    await page.getByText('Another sign-in for this one').click();
    await signInToCameras('wrong');
    await page.locator('[data-sign-in]').filter({ hasText: 'Wrong user or password' }).waitFor();
  });

  test('one camera of several that refuses can have another sign-in, or be left out', async () => {
    await open('/add');
    await chooseAndSignIn(['Front yard', 'Dahua'], 'wrong');
    const side = page.locator('[data-sign-in="urn:uuid:21"]');
    await side.filter({ hasText: 'Wrong user or password' }).waitFor();
    await side.getByText('Another sign-in for this one').click();
    await side.getByLabel('User').fill('admin');
    await side.getByLabel('Password').fill(CAMERA_PASSWORD);
    await side.getByRole('button', { name: 'Sign in and check' }).click();
    await side.filter({ hasText: 'Signed in' }).waitFor();
    await page.locator('[data-sign-in="urn:uuid:20"]').getByRole('button', { name: 'Leave it out' }).click();
    await step('check').waitFor();
    expect(await page.locator('[data-check]').count()).toBe(1);
  });

  test('when nothing is found the page says where it looked and what helps', async () => {
    setUp.silent = true;
    await open('/add');
    await page.locator('[data-advice]').waitFor();
    const text = await step('find').innerText();
    expect(text).toMatch(/No cameras found/);
    expect(text).toMatch(/eth0 \(10\.0\.0\.5\); wlan0: not searched, it has no address/);
    expect(text).toMatch(/turn it on in the web page or the app of the camera/);
    expect(text).not.toMatch(/--\w/);
  });

  test('a camera that is there already says so, and leads to its page', async () => {
    await open('/add');
    const row = page.locator('[data-found="urn:uuid:22"]');
    await row.filter({ hasText: 'Already added as garage' }).waitFor();
    await press('Choose 4 new');
    await page.getByRole('button', { name: 'Go on with 4 cameras' }).waitFor();
    expect(await row.getByRole('checkbox').isChecked()).toBe(false);
    expect(await row.getByRole('link', { name: 'garage' }).getAttribute('href')).toBe('/camera/garage');
  });

  test('an address is searched alone, a stream is taken as it stands, and a password in it is taken out', async () => {
    await open('/add?by=address');
    await page.getByText('or search the network').waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('address');
    await page.keyboard.type('10.0.0.99\n');
    await page.locator('[data-advice]').filter({ hasText: 'Nothing answers at 10.0.0.99' }).waitFor();
    await page.fill('#address', `rtsp://admin:${encodeURIComponent('p@ss')}@10.0.0.20/live`);
    await press('Look there');
    expect(await page.inputValue('#address')).toBe('rtsp://10.0.0.20/live');
    await press('Look there');
    await found('Stream at 10.0.0.20').waitFor();
    expect(await found('Stream at 10.0.0.20').isChecked()).toBe(true);
    // The stream is listed at once; that its host is asked as well follows.
    await expect.poll(() => asked('POST', '/api/discovery')).toEqual([{ host: '10.0.0.99' }, { host: '10.0.0.20' }]);
  });

  test('a scan starts only with consent', async () => {
    await open('/add');
    await page.locator('[data-found]').first().waitFor();
    await page.getByText('Scan a network').click();
    await page.getByLabel('Network', { exact: true }).fill('10.0.0.0/24');
    // Asks for nothing, as the whole list below shows.
    await press('Scan');
    await page.getByLabel('This is my network').check();
    await press('Scan');
    await expect.poll(() => asked('POST', '/api/discovery')).toEqual([{}, { scan: '10.0.0.0/24', consent: true }]);
  });

  test('what cannot work holds the camera back, until it is changed or re-encoded at a known price', async () => {
    await open('/add');
    await chooseAndSignIn(['10.0.0.41']);
    const card = page.locator('[data-check="10.0.0.41"]');
    await card.locator('[data-finding=reachability][data-level=red]').waitFor();
    const goOn = step('check').getByRole('button', { name: 'Go on' });
    expect(await goOn.isDisabled()).toBe(true);
    await card.getByLabel('Address of its stream').fill('rtsp://10.0.0.41/11');
    await press('Check this');
    await card.locator('[data-finding=b-frames][data-level=red]').waitFor();
    expect(await goOn.isDisabled()).toBe(true);
    expect(await card.locator('[data-transcode]').innerText()).toMatch(/38 % of a processor core/);
    await card.locator('[data-transcode] input').check();
    await goOn.click();
    await press('Add 1 camera');
    await page.locator('[data-added]').waitFor();
    expect(asked('POST', '/api/cameras')).toMatchObject([{ url: 'rtsp://10.0.0.41/11', video: 'transcode' }]);
  });

  test('an unknown certificate is shown and trusted with one click', async () => {
    await open('/add');
    await chooseAndSignIn(['Loading dock']);
    await page.locator('[data-certificate]').filter({ hasText: FINGERPRINT }).waitFor();
    await press('Trust this certificate');
    await page.locator('[data-finding=certificate][data-level=red]').waitFor({ state: 'detached' });
    expect(asked('POST', '/api/camera-check').at(-1)).toMatchObject({ tlsFingerprint: FINGERPRINT });
  });

  test('the sub stream can be recorded instead, and is checked then', async () => {
    await open('/add');
    await chooseAndSignIn(['Front yard']);
    await step('check').waitFor();
    await page
      .getByLabel('Record this stream')
      .selectOption({ label: 'Sub (MediaProfile001) · 704×480 · 20 per second · H.264' });
    await expect
      .poll(() => asked('POST', '/api/camera-check').at(-1))
      .toMatchObject({ url: 'rtsp://10.0.0.20/cam/realmonitor?channel=1&subtype=1' });
  });

  test('on a phone nothing is wider than the screen', async () => {
    const tooWide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    setUp.paceMs = 200;
    await page.setViewportSize({ width: 390, height: 844 });
    await open('/add');
    await page.locator('[data-found]').nth(2).waitFor();
    expect(await tooWide()).toBeLessThanOrEqual(0);
    await chooseAndSignIn(['Dahua', '10.0.0.41', 'Loading dock']);
    expect(await tooWide()).toBeLessThanOrEqual(0);
    await page.getByText('2 cameras cannot work yet').waitFor();
    expect(await tooWide()).toBeLessThanOrEqual(0);
    await page.goto(`${origin}/camera/garage/settings`);
    await press('Check this camera');
    await page.locator('.findings').waitFor();
    expect(await tooWide()).toBeLessThanOrEqual(0);
  });

  test('of a list with a bad row the good ones are added, and the bad one says why', async () => {
    await open('/add');
    await page.getByText('Paste a list').click();
    await page.fill('#list', 'id,url,username,password\ngate,rtsp://10.0.0.30/1,admin,p@ss\nquay,10.0.0.31,admin,p@ss');
    await press('Look at the list');
    await page.locator('[data-outcome=refused]').filter({ hasText: 'url must be an address' }).waitFor();
    await press('Add 1 of 2');
    await page.locator('[data-outcome=added]').filter({ hasText: 'gate' }).waitFor();
    expect(await page.inputValue('#list')).toBe('');
    expect(asked('POST', '/api/cameras/import')).toMatchObject([{ dryRun: true }, { dryRun: false, skipBad: true }]);
  });

  test('settings are changed one by one, and what is wrong says so at its field', async () => {
    await open('/camera/garage/settings');
    await page.getByLabel('Address').fill('rtsp://10.0.0.77/1');
    await press('Save');
    await page.locator('[data-field=password]').filter({ hasText: 'is needed again' }).waitFor();
    await page.getByLabel('Password').fill(CAMERA_PASSWORD);
    await page.getByLabel('Sound').selectOption('off');
    await press('Save');
    await page.getByText('Saved. The camera begins anew with it.').waitFor();
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    expect(asked('PATCH', '/api/cameras/garage').at(-1)).toEqual({
      ...{ url: 'rtsp://10.0.0.77/1', password: CAMERA_PASSWORD, audio: 'off' },
    });
    await press('Check this camera');
    await page.getByText('things are as they should be').waitFor();
  });

  test('a camera is removed after one agreed, and leaves rules only when one agreed to that too', async () => {
    setUp.inRules = ['garage'];
    await open('/camera/garage');
    await page.getByRole('link', { name: 'Settings' }).click();
    await press('Remove…');
    const dialog = page.getByRole('dialog');
    expect(await dialog.innerText()).toMatch(/Its last video on this device, 1 fragment \(206 KiB\), is still sent/);
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await dialog
      .filter({ hasText: 'The rule person-at-door names the camera garage. Removing takes it out' })
      .waitFor();
    await dialog.getByRole('button', { name: 'Remove it, also from the rules' }).click();
    await page.getByText('No cameras yet').waitFor();
    await page
      .locator('[data-leaving=garage]')
      .filter({ hasText: '1 fragment (206 KiB) on disk, being sent' })
      .waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
  });
});

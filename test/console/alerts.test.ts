// Rules, alerts and destinations in a real browser against the scripted agent: why something was told or not, how its
// deliveries went, sending again, silence for a while, and what one sees when the agent does not tell.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildConsole } from './built-console.ts';
import { isChromiumMissing, launchChromium } from './chromium.ts';
import { pressIfThere } from './press-if-there.ts';
import { makeScene, type Scene } from './scene.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { liveCamera, offlineCamera } from './story.ts';

const PASSWORD = 'open-sesame';
/** Of this file alone: nobody takes the port of an agent that is down for a moment. */
const HOST = '127.0.0.34';
const down = { status: 500, type: 'application/json', body: '{"code":"bug","message":"It broke."}' };
if (isChromiumMissing) console.warn("The console's browser tests are skipped: there is no Chromium.");

let dir: string;
let scene: Scene;
let browser: Browser;
let agent: ScriptedAgent;
let page: Page;
let origin: string;
let crashes: string[];

async function start({ busy }: { busy: boolean }): Promise<void> {
  const cameras = (now: number) => [liveCamera(now), offlineCamera(now)];
  agent = new ScriptedAgent({ dist: join(dir, 'dist'), scene, password: PASSWORD, cameras, busy, host: HOST });
  origin = `http://${HOST}:${await agent.listen()}`;
}

async function signIn(path: string): Promise<void> {
  await page.goto(origin + path);
  await page.fill('#password', PASSWORD);
  await page.click('button[type=submit]');
}

const drawer = () => page.locator('dialog[open]');
const ruleCard = (id: string) => page.locator(`[data-rule=${id}]`);

describe.skipIf(isChromiumMissing)('in a browser', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'console-alerts-'));
    [scene, browser] = await Promise.all([makeScene(dir), launchChromium(), buildConsole(join(dir, 'dist'))]);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(dir, { recursive: true });
  });

  beforeEach(async () => {
    await start({ busy: true });
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    crashes = [];
    page.on('pageerror', error => crashes.push(error.message));
  });

  afterEach(async () => {
    await page.close();
    await agent.stop();
    expect(crashes).toEqual([]);
  });

  test('an alert’s details tell the rule, why, what was seen and every attempt; what was given up is sent again', async () => {
    await signIn('/review?show=alerts');
    const details = page.locator('[data-alert=alert-180]').getByRole('link', { name: 'Details of alert' });
    await details.focus();
    await page.keyboard.press('Enter');
    await drawer().locator('[data-attempt="12"]').waitFor();
    expect(page.url()).toBe(`${origin}/review?show=alerts&alert=alert-180`);
    expect(await drawer().locator('[data-why]').innerText()).toMatch(/^(Person|Car) \d+ %\.$/);
    await drawer().locator('[data-rule-sentence]').filter({ hasText: 'When Person ≥ 80 % is in zone door' }).waitFor();
    await drawer().locator('.framed-still rect').waitFor();
    // With the day before the time in the first hours of the next one.
    expect(await drawer().locator('[data-attempt="11"]').innerText()).toMatch(
      /^11\s+(\w.*, )?\d\d:\d\d:\d\d\s+808 ms\s+No connection/,
    );
    expect(await drawer().innerText()).toContain('The last 5 of 12 attempts.');
    await drawer().getByRole('button', { name: 'Redeliver' }).click();
    await drawer().locator('[data-attempt="13"]').filter({ hasText: '200 {"ok":true}' }).waitFor();
    expect(await drawer().getByRole('button', { name: 'Redeliver' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.waitForURL(`${origin}/review?show=alerts`);
    expect(await details.evaluate(link => link === document.activeElement)).toBe(true);
  });

  test('only what was given up is shown when one asks for it', async () => {
    await signIn('/review?show=alerts');
    await page.locator('[data-alert]').nth(2).waitFor();
    await page.getByLabel('Delivery').selectOption('dead');
    await page.waitForURL(`${origin}/review?show=alerts&delivery=dead`);
    await page.locator('[data-alert=alert-1]').waitFor({ state: 'detached' });
    await page.locator('[data-alert=alert-180]').waitFor();
    expect(await page.locator('[data-alert]').count()).toBe(1);
  });

  test('a sighting says of each rule why it raised an alert or none, and the back button leads to the list', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await signIn('/review');
    await page.getByRole('link', { name: 'Why an alert, or none' }).first().waitFor();
    // Only a dozen of them are offered, the newest.
    agent.script.busy = false;
    await page.getByRole('link', { name: 'Why an alert, or none' }).first().click();
    const reasons = drawer().locator('[data-reason]');
    await reasons.first().waitFor();
    expect(await reasons.evaluateAll(items => items.map(item => item.getAttribute('data-reason')))).toEqual([
      'person-at-door',
      'cars-through-the-gate',
      'something-is-wrong',
    ]);
    expect(await reasons.first().innerText()).toMatch(/No alert\s+Outside the hours of the rule\./);
    expect(await drawer().evaluate(dialog => dialog.scrollWidth <= innerWidth)).toBe(true);
    await reasons.first().getByText('All it said').click();
    await reasons.first().getByText('2 pictures: in none of the zones of the rule').waitFor();
    const offered = drawer().getByRole('navigation', { name: 'Seen about the same time' });
    // Not the one it is about, which may be any of them; by its address, as what is seen meanwhile comes before it.
    const other = await offered.locator('a:not([aria-current])').first().getAttribute('href');
    await drawer().locator(`nav a[href="${other}"]`).click();
    await drawer().locator(`nav a[href="${other}"][aria-current]`).waitFor();
    await reasons.first().waitFor();
    await page.goBack();
    await drawer().locator(`nav a[href="${other}"]:not([aria-current])`).waitFor();
    await page.goBack();
    await page.waitForURL(`${origin}/review`);
    await drawer().waitFor({ state: 'detached' });
  });

  test('each rule is a sentence; a snooze shows at once, also one of a camera, and ends', async () => {
    await signIn('/rules');
    const door = ruleCard('person-at-door');
    await door.getByText('Active now on front-door').waitFor();
    expect(await door.innerText()).toContain(
      'When Person ≥ 80 % is in zone door on front-door, Mon–Fri 22:00–06:00 → ops, http://127.0.0.1:9000/hook, at most once per minute.',
    );
    expect(await page.locator('main').innerText()).toContain('docs/rules.md');
    await door.getByRole('button', { name: '30 min' }).click();
    await door
      .locator('.status')
      .filter({ hasText: /^Snoozed until (\w.*, )?\d\d:\d\d(:\d\d)?$/ })
      .waitFor();
    await door.getByRole('button', { name: 'End snooze' }).click();
    await door.getByText('Active now on front-door').waitFor();
    await page.goto(`${origin}/camera/front-door`);
    await page.locator('.snooze-panel').getByRole('button', { name: '15 min' }).click();
    await page
      .locator('.snooze-panel')
      .getByText(/^Alerts of camera front-door are snoozed until/)
      .waitFor();
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Rules' }).click();
    const note = page.locator('[data-snooze="Alerts of camera front-door"]');
    await note.getByRole('button', { name: 'End snooze' }).click();
    await note.waitFor({ state: 'detached' });
  });

  test('a replay says how often a rule would have fired, why not otherwise, and leads to the video', async () => {
    await signIn('/rules');
    const door = ruleCard('person-at-door');
    await door.getByLabel('How far back').selectOption('168');
    await door.getByRole('button', { name: 'Replay' }).click();
    const result = door.locator('[data-fired="3"]');
    expect(await result.innerText()).toMatch(
      /In the last 7 days this rule would have raised 3 alerts, of 128 sightings on 1930 pictures\. What is kept begins /,
    );
    expect(await result.locator('.silent li').allInnerTexts()).toEqual([
      '41 × outside the hours of the rule',
      '12 × in none of the zones of the rule',
      '8 × the label was not sure enough (minConfidence)',
      '64 × the rule asks for other labels',
    ]);
    expect(await ruleCard('something-is-wrong').getByRole('button', { name: 'Replay' }).count()).toBe(0);
    agent.faults.set('/api/rules/replay', {
      ...{ status: 409, type: 'application/json' },
      body: '{"code":"replay-running","message":"Another replay is running."}',
    });
    await door.getByRole('button', { name: 'Replay' }).click();
    await door.getByText('Another replay is running.').waitFor();
    agent.faults.clear();
    await door.getByRole('button', { name: 'Replay' }).click();
    await result.locator('a').first().click();
    await page.waitForURL(`${origin}/camera/front-door?t=*`);
  });

  test('a destination tells what waits and what was given up, and a test what the other side answered', async () => {
    await signIn('/destinations');
    const hook = page.locator('[data-destination^=http]');
    await hook.waitFor();
    expect(await hook.innerText()).toMatch(/Webhook[\s\S]*1 alert given up in 24 h[\s\S]*The receiver answered 503\./);
    await hook.getByRole('button', { name: 'Send test' }).click();
    const tested = await hook.locator('[data-delivered=false]').innerText();
    expect(tested).toMatch(/Not delivered, after 212 ms[\s\S]*webhook-refused[\s\S]*503 Service Unavailable/);
    await page.locator('[data-destination=ops]').getByRole('button', { name: 'Send test' }).click();
    await page.locator('[data-delivered=true]').filter({ hasText: 'Delivered in 38 ms' }).waitFor();
    await hook.getByRole('link', { name: 'See what was given up' }).click();
    await page.locator('[data-alert=alert-180]').waitFor();
  });

  test.each([
    ['/rules', '/api/rules', '[data-rule]', 'The rules could not be loaded'],
    ['/destinations', '/api/destinations', '[data-destination]', 'The destinations could not be loaded'],
  ])('%s says when it could not be loaded, is partly old, or has lost its agent', async (path, api, item, what) => {
    agent.faults.set(api, down);
    await signIn(path);
    const failed = page.locator('[data-view=failed]');
    await failed.filter({ hasText: what }).waitFor();
    agent.faults.clear();
    await pressIfThere(page, 'Try again');
    await page.locator(item).first().waitFor();
    agent.faults.set(api, down);
    await page.locator('[data-view=partial]').filter({ hasText: 'Not up to date: It broke.' }).waitFor();
    expect(await page.locator(item).count()).toBeGreaterThan(2);
    await agent.stop();
    await page.locator('[data-view=offline]').waitFor();
    expect(await page.locator(item).first().getByRole('button').first().isDisabled()).toBe(true);
    agent = new ScriptedAgent(agent.script);
    await agent.listen(Number(new URL(origin).port));
  });

  test('an alert that is gone says so in its details, and the list stays', async () => {
    await signIn('/review?show=alerts&alert=alert-7');
    await drawer().locator('[data-view=failed]').filter({ hasText: 'alert-unknown' }).waitFor();
    await drawer().getByRole('button', { name: 'Close' }).click();
    await page.waitForURL(`${origin}/review?show=alerts`);
    await page.locator('[data-alert]').first().waitFor();
  });

  test('without rules and destinations the pages say what would be there', async () => {
    await agent.stop();
    await start({ busy: false });
    await signIn('/rules');
    await page.locator('[data-view=empty]').filter({ hasText: 'No rules yet' }).waitFor();
    await page.getByRole('link', { name: 'Destinations' }).click();
    await page.locator('[data-view=empty]').filter({ hasText: 'No destinations yet' }).waitFor();
  });
});

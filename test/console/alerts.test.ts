// Alerts in a real browser against the scripted agent: why something was told or not, how its deliveries went, sending again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildConsole } from './built-console.ts';
import { isChromiumMissing, launchChromium } from './chromium.ts';
import { makeScene, type Scene } from './scene.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { liveCamera, offlineCamera } from './story.ts';

const PASSWORD = 'open-sesame';
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
  agent = new ScriptedAgent({ dist: join(dir, 'dist'), scene, password: PASSWORD, cameras, busy });
  origin = `http://127.0.0.1:${await agent.listen()}`;
}

async function signIn(path: string): Promise<void> {
  await page.goto(origin + path);
  await page.fill('#password', PASSWORD);
  await page.click('button[type=submit]');
}

const drawer = () => page.locator('dialog[open]');

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
    page.setDefaultTimeout(40_000);
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
    expect(await drawer().locator('[data-attempt="11"]').innerText()).toMatch(
      /^11\s+\d\d:\d\d:\d\d\s+808 ms\s+No connection/,
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
    await page.goBack();
    await page.waitForURL(`${origin}/review`);
    await drawer().waitFor({ state: 'detached' });
  });

  test('an alert that is gone says so in its details, and the list stays', async () => {
    await signIn('/review?show=alerts&alert=alert-7');
    await drawer().locator('[data-view=failed]').filter({ hasText: 'alert-unknown' }).waitFor();
    await drawer().getByRole('button', { name: 'Close' }).click();
    await page.waitForURL(`${origin}/review?show=alerts`);
    await page.locator('[data-alert]').first().waitFor();
  });
});

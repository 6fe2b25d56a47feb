// The product's main job, as a person sees it: the demo on real footage, the console in a real browser, the webhook's
// signature checked by its receiver, and what was stored read back by ffprobe and mkvinfo.
import { execFileSync } from 'node:child_process';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { footage, RunningDemo } from './running-demo.ts';
import { fragmentFiles, picturesOf, StoredVideo } from './stored-video.ts';

const chromiumFlags =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const everySeconds = 2;
const watchedSeconds = 60;

// Real people when this machine has the footage; otherwise the visitor that the camera draws.
const video = footage('room-person.mp4');

describe(`the demo, showing ${video ? 'real footage' : 'the drawn scene (no ../shared/media here)'}`, () => {
  let demo: RunningDemo;
  let browser: Browser;
  let page: Page;
  let startedMs = 0;
  const complaints: string[] = [];

  beforeAll(async () => {
    startedMs = Date.now();
    demo = await RunningDemo.start(video === undefined ? [] : ['--video', video]);
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: chromiumFlags.split(' ') });
    page = await browser.newPage();
    page.on('pageerror', error => complaints.push(error.message));
    await page.goto(demo.consoleUrl);
    await page.fill('#password', demo.password);
    await page.click('button[type=submit]');
    await page.click('[data-camera="front-door"] a');
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  test('within a minute it plays, shows a person on the right frame, and its webhook is verified', async () => {
    const player = page.locator('[data-state]');
    await player.and(page.locator('[data-state="playing"]')).waitFor({ timeout: 60_000 });
    const boxed = player.and(page.locator(':not([data-boxes="0"])'));
    await boxed.waitFor({ timeout: 60_000 - (Date.now() - startedMs) });
    const shown = await boxed.evaluate(element => ({ ...element.dataset }));
    expect(Math.abs(Number(shown.boxAtMs) - Number(shown.playingDateMs))).toBeLessThanOrEqual(
      (everySeconds * 1000) / 2,
    );

    await demo.line(/verified.*Person/, 60_000 - (Date.now() - startedMs));
    expect(Date.now() - startedMs).toBeLessThan(60_000);

    // The box's frame is the key frame a stored fragment begins with, to the millisecond.
    const stored = await new StoredVideo(demo.cloudUrl, 'front-door').fragments();
    expect(stored.map(fragment => fragment.producerMs)).toContain(Number(shown.boxFromMs));
  }, 70_000);

  test('the picture goes on: 5 seconds later it is at least 4 seconds further, without an error', async () => {
    const at = async () => Number(await page.evaluate('document.querySelector("video").currentTime'));
    const before = await at();
    await page.waitForTimeout(5_000);
    expect((await at()) - before).toBeGreaterThanOrEqual(4);
    expect(complaints).toEqual([]);
    expect(demo.lines.filter(line => /unexpected|starting it again/.test(line))).toEqual([]);
  });

  test(`of ${watchedSeconds} seconds no picture is missing and none is there twice`, async () => {
    const stored = new StoredVideo(demo.cloudUrl, 'front-door');
    await expect
      .poll(async () => span(await stored.fragments()), { timeout: 90_000, interval: 1_000 })
      .toBeGreaterThan(watchedSeconds * 1000);
    const fragments = await stored.fragments();
    const numbers = new Set(fragments.map(fragment => fragment.number));
    const files = (await fragmentFiles(demo.data)).filter(file => [...numbers].some(number => file.includes(number)));
    expect(files).toHaveLength(fragments.length);

    const pictures = [];
    for (const { number } of fragments) {
      const file = files.find(candidate => candidate.includes(number)) ?? '';
      const ofFragment = await picturesOf(file);
      expect(ofFragment[0]?.keyFrame, `${file} begins with a key frame`).toBe(true);
      pictures.push(...ofFragment);
    }
    const ordinals = pictures.map(picture => picture.ordinal);
    expect(ordinals).toEqual(ordinals.map((_, index) => (ordinals[0] ?? 0) + index));
    const timecodes = pictures.map(picture => picture.timecodeMs);
    expect(timecodes.every((timecode, index) => index === 0 || timecode > (timecodes[index - 1] ?? 0))).toBe(true);

    const from = fragments[0]?.producerMs ?? 0;
    const to = fragments.at(-1)?.producerMs ?? 0;
    expect(await stored.decodedFrames(from, to)).toBe(pictures.length);
    expect(mkvinfo(files[0] ?? '')).toMatch(/\+ Cluster/);
  }, 150_000);

  test('Ctrl-C ends it all and leaves no process', async () => {
    expect(await demo.stop()).toBe(0);
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(demo.data);
  });
});

function span(fragments: { producerMs: number }[]): number {
  return (fragments.at(-1)?.producerMs ?? 0) - (fragments[0]?.producerMs ?? 0);
}

function mkvinfo(file: string): string {
  return execFileSync('mkvinfo', ['--all', file], { encoding: 'utf8' });
}

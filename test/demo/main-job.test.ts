// The product's main job, as a person sees it: the demo on real footage, the console in a real browser, the webhook's
// signature checked by its receiver, and what was stored read back by ffprobe and mkvinfo.
import { execFileSync } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlertsAnswer } from '../../shared/api.ts';
import { launchChromium } from '../console/chromium.ts';
import { footage, longestWaitMs, RunningDemo } from './running-demo.ts';
import { fragmentFiles, picturesOf, StoredVideo } from './stored-video.ts';

const everySeconds = 2;
const watchedSeconds = 60;

// Real people when this machine has the footage; otherwise the visitor that the camera draws.
const video = footage('room-person.mp4');

const shownWords = video ? 'real footage' : 'the drawn scene (no ../shared/media here)';

describe(`the demo, showing ${shownWords}`, { timeout: 3 * longestWaitMs }, () => {
  let demo: RunningDemo;
  let browser: Browser;
  let page: Page;
  let startedMs = 0;
  const complaints: string[] = [];

  beforeAll(async () => {
    startedMs = Date.now();
    demo = await RunningDemo.start(video === undefined ? [] : ['--video', video]);
    browser = await launchChromium();
    page = await browser.newPage();
    page.setDefaultTimeout(longestWaitMs);
    page.on('pageerror', error => complaints.push(error.message));
    await page.goto(demo.consoleUrl);
    await page.fill('#password', demo.password);
    await page.click('button[type=submit]');
    await page.click('[data-camera="front-door"] a');
  }, 2 * longestWaitMs);

  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  test('it plays, shows a person on the right frame, and its webhook is verified, in the first minute', async () => {
    const player = page.locator('[data-state]');
    await player.and(page.locator('[data-state="playing"]')).waitFor();
    const boxed = player.and(page.locator(':not([data-boxes="0"])'));
    await boxed.waitFor();
    const shown = await boxed.evaluate(element => ({ ...element.dataset }));
    expect(Math.abs(Number(shown.boxAtMs) - Number(shown.playingDateMs))).toBeLessThanOrEqual(
      (everySeconds * 1000) / 2,
    );

    await demo.line(/verified.*Person/);
    process.stdout.write(`verified ${Date.now() - startedMs} ms after the start\n`);

    // The box's frame is the key frame a stored fragment begins with, to the millisecond.
    const stored = await new StoredVideo(demo.cloudUrl, 'front-door').fragments();
    expect(stored.map(fragment => fragment.producerMs)).toContain(Number(shown.boxFromMs));

    // The minute is the video's own: that of a machine which has other work may take longer.
    const { alerts } = await page.evaluate(async () => (await (await fetch('/api/alerts')).json()) as AlertsAnswer);
    const firstMs = Math.min(...alerts.map(({ atMs }) => atMs));
    expect(firstMs - (stored[0]?.producerMs ?? 0)).toBeLessThan(60_000);
  });

  test('the picture goes on for 4 seconds more, without an error', async () => {
    const at = async () => Number(await page.evaluate('document.querySelector("video").currentTime'));
    const before = await at();
    await expect.poll(at, { timeout: longestWaitMs }).toBeGreaterThanOrEqual(before + 4);
    expect(complaints).toEqual([]);
    expect(demo.lines.filter(line => /unexpected|starting it again/.test(line))).toEqual([]);
  });

  test(`of ${watchedSeconds} seconds no picture is missing and none is there twice`, async () => {
    const stored = new StoredVideo(demo.cloudUrl, 'front-door');
    await expect
      .poll(async () => span(await stored.fragments()), { timeout: longestWaitMs, interval: 1_000 })
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
  });

  test('Ctrl-C ends it all and leaves no process', async () => {
    expect(await demo.stop()).toBe(0);
    // What is told to end by a process that is told to end may take another moment.
    await expect.poll(() => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(demo.data);
  });
});

function span(fragments: { producerMs: number }[]): number {
  return (fragments.at(-1)?.producerMs ?? 0) - (fragments[0]?.producerMs ?? 0);
}

function mkvinfo(file: string): string {
  return execFileSync('mkvinfo', ['--all', file], { encoding: 'utf8' });
}

// The console in a real browser against the scripted agent: signing in, the wall, playing video with boxes on their frame,
// and what one sees when the agent goes away.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildConsole } from './built-console.ts';
import { isChromiumMissing, launchChromium } from './chromium.ts';
import { pressIfThere } from './press-if-there.ts';
import { boxOf, makeScene, type Scene, SEGMENT_MS } from './scene.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { liveCamera, offlineCamera, sightingOf } from './story.ts';

const PASSWORD = 'open-sesame';
/** Of this file alone: nobody takes the port of an agent that is down for a moment. */
const HOST = '127.0.0.33';
if (isChromiumMissing) console.warn("The console's browser tests are skipped: there is no Chromium.");

let dir: string;
let scene: Scene;
let browser: Browser;
let agent: ScriptedAgent;
let page: Page;
let origin: string;
let crashes: string[];

async function signIn(path = '/'): Promise<void> {
  await page.goto(origin + path);
  await page.fill('#password', PASSWORD);
  await page.click('button[type=submit]');
}

/** What the player says of the frame on the screen. */
const player = () => page.locator('.player').evaluate(element => ({ ...(element as HTMLElement).dataset }));
const videoTime = () => page.locator('video').evaluate(video => (video as HTMLVideoElement).currentTime);

// Each waits for a real player; a slow machine without a graphics card takes its time over that.
describe.skipIf(isChromiumMissing)('in a browser', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'console-browser-'));
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
    agent = new ScriptedAgent({
      dist: join(dir, 'dist'),
      scene,
      password: PASSWORD,
      cameras: now => [liveCamera(now), offlineCamera(now)],
      busy: true,
      host: HOST,
    });
    origin = `http://${HOST}:${await agent.listen()}`;
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

  test('a wrong password is refused in words, too many are held back, the right one leads where one wanted to go', async () => {
    await page.goto(`${origin}/review?show=alerts`);
    const problem = page.locator('#sign-in-problem');
    for (const words of [...Array(5).fill('That is not the password.'), 'Too many tries. Try again in 60 seconds.']) {
      await page.fill('#password', 'wrong');
      await Promise.all([page.waitForResponse('**/api/session'), page.click('button[type=submit]')]);
      await problem.filter({ hasText: words }).waitFor();
    }
    await agent.stop();
    agent = new ScriptedAgent(agent.script);
    await agent.listen(Number(new URL(origin).port));
    await page.fill('#password', PASSWORD);
    await page.click('button[type=submit]');
    await page.locator('[data-alert]').first().waitFor();
    expect(page.url()).toBe(`${origin}/review?show=alerts`);
  });

  test('the wall shows each camera with its picture, its state in words and the pipeline’s', async () => {
    await signIn();
    const live = page.locator('[data-camera=front-door]');
    await live.locator('img').waitFor();
    await expect.poll(() => live.locator('img').evaluate(image => (image as HTMLImageElement).naturalWidth)).toBe(640);
    // How far behind grows while the agent's next word is awaited.
    await live.filter({ hasText: /Live.*Uploading, \d+ s behind/ }).waitFor();
    const offline = await page.locator('[data-camera=garage]').innerText();
    expect(offline).toMatch(/Offline[\s\S]*No answer from 10\.0\.0\.22[\s\S]*Retrying in/);
    await page
      .locator('.pill')
      .filter({ hasText: /Uploading · \d+ s behind/ })
      .waitFor();
  });

  test('live video plays under a strict Content-Security-Policy, and each box lies on what its frame shows', async () => {
    await signIn('/camera/front-door');
    await page.locator('.player[data-state=playing][data-boxes="1"]').waitFor();
    const before = await videoTime();
    await expect.poll(videoTime, { timeout: 60_000 }).toBeGreaterThan(before + 3);
    for (let looks = 0; looks < 4; ) {
      await page.waitForTimeout(300);
      const shown = await page.evaluate(readBlock);
      // A frame half-way between two samples may have the box of either, and a busy browser copies a picture or two after
      // the one it tells of.
      const fromJump = shown.frameMs % SEGMENT_MS;
      const marginMs = 250 + Math.max(0, shown.lateMs);
      if (fromJump < marginMs || fromJump > SEGMENT_MS - marginMs) continue;
      looks += 1;
      expect(Math.abs(shown.boxAtMs - shown.frameMs)).toBeLessThanOrEqual(SEGMENT_MS / 2);
      const { left, width } = boxOf(Math.floor(shown.boxAtMs / SEGMENT_MS));
      expect(shown.brightFrom, JSON.stringify(shown)).toBeCloseTo(left, 1);
      expect(shown.brightTo).toBeCloseTo(left + width, 1);
      expect(shown.drawnFrom).toBeCloseTo(left, 1);
    }
    await page.keyboard.press('b');
    await page.locator('.player[data-boxes="0"]').waitFor();
  });

  test('a chosen time plays from there, keys move within it, and l goes back to live', async () => {
    const chosen = Math.floor(Date.now() / 1000) * 1000 - 20 * 60_000;
    await page.addInitScript(noteFirstFrame);
    await signIn(`/camera/front-door?t=${new Date(chosen).toISOString()}`);
    const first = Number(await page.locator('html[data-first-ms]').getAttribute('data-first-ms'));
    expect(first - chosen).toBeGreaterThanOrEqual(-200);
    expect(first - chosen).toBeLessThan(6000);
    // Paused, so that it cannot have played on past where the key leads.
    await page.keyboard.press('Space');
    await page.locator('.player[data-state=paused][data-playing-date-ms]').waitFor();
    const paused = Number((await player()).playingDateMs);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(async () => Number((await player()).playingDateMs)).toBeLessThan(paused);
    await page.keyboard.press('l');
    await page.locator('.player[data-state=playing][data-mode=live]').waitFor();
    expect(page.url()).toBe(`${origin}/camera/front-door`);
  });

  test('where nothing was recorded the player says so and leads to the next footage', async () => {
    const gap = new Date(Date.now() - 185 * 60_000).toISOString();
    await signIn(`/camera/front-door?t=${gap}&zoom=6h`);
    const message = page.locator('.player[data-state=empty] .player-message');
    await message.filter({ hasText: 'The agent recorded nothing then' }).waitFor();
    await page.getByRole('button', { name: 'Next footage' }).click();
    await page.locator('.player[data-state=playing]').waitFor();
  });

  test('a playback session that ends is opened again at once, without a word', async () => {
    await signIn('/camera/front-door');
    await page.locator('.player[data-state=playing]').waitFor();
    const reopened = page.waitForResponse('**/api/cameras/front-door/playback');
    agent.endPlaybacks();
    await reopened;
    await page.locator('.player[data-state=playing][data-playing-date-ms]').waitFor();
  });

  test('sightings are listed with the frame and its box, and lead to the video', async () => {
    await signIn('/review');
    const card = page.locator('[data-sighting]').first();
    await card.locator('rect').waitFor();
    expect(await card.innerText()).toMatch(/(Person|Car) \d+ %\s+front-door/);
    await card.click();
    await page.locator('.player[data-mode=on-demand]').waitFor();
    expect(page.url()).toContain('/camera/front-door?t=');
  });

  test('who is on a card stays on it while more of the same is seen', async () => {
    await signIn('/review');
    const card = page.locator('[data-sighting]').first();
    const why = page.getByRole('link', { name: 'Why an alert, or none' }).first();
    await why.focus();
    const times = async () => Number(/(\d+) times/.exec(await card.innerText())?.[1] ?? 1);
    const before = await times();
    const label = /Person|Car/.exec(await card.innerText())?.[0] ?? '';
    const sighting = { ...sightingOf('front-door', Math.floor(Date.now() / SEGMENT_MS)), id: 'one-more', label };
    agent.tell({ type: 'sighting', sighting });
    await expect.poll(times).toBeGreaterThan(before);
    expect(await why.evaluate(link => link === document.activeElement)).toBe(true);
  });

  test('paused labels are said above what was seen, on the timeline and in its list', async () => {
    const paused = { reason: 'budget', untilMs: Date.now() + 3_600_000 } as const;
    agent.script.cameras = now => [{ ...liveCamera(now), labels: { on: true, paused } }, offlineCamera(now)];
    await signIn('/review');
    await page.getByText(/^Labels of front-door are paused until \d\d:\d\d\. Motion is still noted\.$/).waitFor();

    const within = new Date(Date.now() - 22 * 60_000).toISOString();
    await page.goto(`${origin}/camera/front-door?t=${within}`);
    await page.getByText(/^Labels paused .*: the provider did not answer\. Only motion was looked for\.$/).waitFor();
    await page.locator('.readout').filter({ hasText: 'labels paused: the provider did not answer' }).waitFor();
    const amber = () =>
      page.locator('.track canvas').evaluate(element => {
        const canvas = element as HTMLCanvasElement;
        const scale = canvas.width / canvas.clientWidth;
        const row = canvas.getContext('2d')?.getImageData(0, Math.round(27.5 * scale), canvas.width, 1).data ?? [];
        return (
          Array.from({ length: canvas.width }, (_, x) => row[4 * x + 3] ?? 0).filter(alpha => alpha > 0).length /
          canvas.width
        );
      });
    // Seven minutes of an hour, four pixels of six.
    await expect.poll(amber).toBeGreaterThan(0.05);
    expect(await amber()).toBeLessThan(0.12);
  });

  test('an agent that dies is announced, what is on the screen stays, and all is well when it returns', async () => {
    await signIn();
    await page.locator('[data-camera=front-door] img').waitFor();
    await agent.stop();
    await page.locator('[data-view=offline]').filter({ hasText: 'Agent unreachable' }).waitFor();
    expect(await page.locator('[data-camera]').count()).toBe(2);
    expect(await page.locator('.pill').innerText()).toBe('Agent unreachable');
    agent = new ScriptedAgent(agent.script);
    await agent.listen(Number(new URL(origin).port));
    await pressIfThere(page, 'Try now');
    await page.locator('[data-view=offline]').waitFor({ state: 'detached' });
  });

  test('a page whose code is gone after an update of the agent says so and comes with the next try', async () => {
    await signIn();
    await page.locator('[data-camera=front-door]').waitFor();
    agent.faults.set('/assets/camera-page', { status: 404 });
    await page.getByRole('link', { name: 'Open front-door' }).click();
    await page.locator('[data-view=failed]').filter({ hasText: 'page-unloaded' }).waitFor();
    agent.faults.clear();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.player').waitFor();
  });

  test('a session that ends leads to sign-in and back to the same page', async () => {
    await signIn();
    await page.locator('[data-camera=garage]').waitFor();
    agent.endSessions();
    await page.getByRole('link', { name: 'Open garage' }).click();
    await page.getByText('Your session has ended').waitFor();
    await page.fill('#password', PASSWORD);
    await page.click('button[type=submit]');
    await page.locator('h1', { hasText: 'garage' }).waitFor();
  });
});

/**
 * Runs in the page, with the next frame it presents: where the bright block is in the video and the box on the canvas, as
 * fractions of the picture's width.
 */
async function readBlock() {
  const root = document.querySelector<HTMLElement>('.player');
  const video = document.querySelector('video');
  const overlay = root?.querySelector('canvas');
  const copy = new OffscreenCanvas(640, 360).getContext('2d', { willReadFrequently: true });
  const drawn = overlay?.getContext('2d');
  if (!root || !video || !overlay || !copy || !drawn) throw new Error('There is no player.');
  // Asked for after the player's own request, so it comes right after the player has drawn the boxes of the same frame.
  const lateMs = await new Promise<number>(resolve => {
    video.requestVideoFrameCallback((_now, { mediaTime }) => {
      copy.drawImage(video, 0, 0, 640, 360);
      resolve((video.currentTime - mediaTime) * 1000);
    });
  });
  const row = copy.getImageData(0, 180, 640, 1).data;
  const bright = Array.from({ length: 640 }, (_, x) => x).filter(x => (row[x * 4] ?? 0) > 180);
  const boxes = drawn.getImageData(0, Math.round(overlay.height / 2), overlay.width, 1).data;
  const edge = Array.from({ length: overlay.width }, (_, x) => x).find(x => (boxes[x * 4 + 3] ?? 0) > 60) ?? -1;
  // The player's frame is wider than the picture, which is 16:9.
  const width = Math.min(overlay.width, (overlay.height * 16) / 9);
  return {
    frameMs: Number(root.dataset.playingDateMs),
    lateMs,
    boxAtMs: Number(root.dataset.boxAtMs),
    brightFrom: (bright[0] ?? -640) / 640,
    brightTo: ((bright.at(-1) ?? -640) + 1) / 640,
    drawnFrom: (edge - (overlay.width - width) / 2) / width,
  };
}

/** Runs in the page, before anything else of it: keeps when the first picture of a chosen time is from. */
function noteFirstFrame(): void {
  const note = () => {
    const { state, mode, playingDateMs } = document.querySelector<HTMLElement>('.player')?.dataset ?? {};
    const root = document.documentElement.dataset;
    if (state === 'playing' && mode === 'on-demand' && playingDateMs) root.firstMs ??= playingDateMs;
  };
  new MutationObserver(note).observe(document, { attributes: true, childList: true, subtree: true });
}

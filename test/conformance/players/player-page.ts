// Players in a real browser: a page with hls.js, shaka-player and the browser's own player, and what it says of each.
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { servePages } from '../../local-cloud/hls-stage.ts';

/** Nearly as long as a test may take. */
const longestWaitMs = 170_000;

export type BrowserPlayer = 'hls.js' | 'shaka-player' | 'Chromium';

/** What a player has done so far. */
export type Look = {
  /** What it reports, in its own words: hls.js's details, shaka's code and data, the media element's code and message. */
  errors: string[];
  at: number;
  duration: number;
  ended: boolean;
  /** Decoded, shown or not. */
  frames: number;
  dropped: number;
  /** Milliseconds since 1970 of the picture on show; only hls.js and shaka tell. */
  filmedMs: number;
  /** Each width of a picture that was shown, in turn. */
  widths: number[];
  /** Where there is media to play, in seconds. */
  buffered: [number, number][];
  /** Where the player may go. */
  seekable: [number, number][];
};

const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><video muted playsinline></video>
<script src="/hls.js"></script><script src="/shaka.js"></script><script>
const video = document.querySelector('video');
const errors = [], widths = [];
let filmed = () => NaN;
const watch = () => {
  if (video.videoWidth !== widths.at(-1)) widths.push(video.videoWidth);
  video.requestVideoFrameCallback(watch);
};
video.requestVideoFrameCallback(watch);
const ranges = all => Array.from({ length: all.length }, (_, index) => [all.start(index), all.end(index)]);
const open = {
  Chromium(url) {
    video.addEventListener('error', () => errors.push(video.error.code + ' ' + video.error.message));
    video.src = url;
  },
  'hls.js'(url) {
    const hls = new Hls();
    filmed = () => hls.playingDate?.getTime() ?? NaN;
    hls.on(Hls.Events.ERROR, (_, { details, fatal, response }) =>
      errors.push([fatal ? 'fatal' : 'mended', details, response?.code ?? ''].join(' ').trim()));
    hls.loadSource(url);
    hls.attachMedia(video);
  },
  async 'shaka-player'(url) {
    const player = new shaka.Player();
    filmed = () => player.getPlayheadTimeAsDate()?.getTime() ?? NaN;
    const failed = error => errors.push([error.code, ...error.data.filter(part => typeof part === 'number')].join(' '));
    player.addEventListener('error', event => failed(event.detail));
    await player.attach(video);
    await player.load(url).catch(failed);
  },
};
window.playFrom = async (player, url) => {
  await open[player](url);
  video.play().catch(() => undefined);
};
window.seekTo = at => new Promise(done => {
  video.addEventListener('seeked', () => done(video.currentTime), { once: true });
  video.currentTime = at;
});
window.look = () => ({
  errors, widths, at: video.currentTime, duration: video.duration, ended: video.ended, filmedMs: filmed(),
  frames: video.getVideoPlaybackQuality().totalVideoFrames, dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
  buffered: ranges(video.buffered), seekable: ranges(video.seekable),
});
</script>`;

export type Pages = Awaited<ReturnType<typeof servePlayerPage>>;

/** @param files served beside the page, by their path */
export function servePlayerPage(files: Parameters<typeof servePages>[0] = {}) {
  const script = (path: string) => ({
    type: 'text/javascript',
    body: readFileSync(new URL(`../../../node_modules/${path}`, import.meta.url)),
  });
  return servePages({
    '/': { type: 'text/html', body: page },
    '/hls.js': script('hls.js/dist/hls.min.js'),
    '/shaka.js': script('shaka-player/dist/shaka-player.compiled.js'),
    ...files,
  });
}

/** A tab in which the player has begun. */
export async function play(browser: Browser, pages: Pages, player: BrowserPlayer, url: string): Promise<Page> {
  const tab = await browser.newPage();
  tab.setDefaultTimeout(longestWaitMs);
  await tab.goto(pages.url);
  await tab.evaluate(`playFrom(${JSON.stringify(player)}, ${JSON.stringify(url)})`);
  return tab;
}

export function look(tab: Page): Promise<Look> {
  return tab.evaluate<Look>('look()');
}

/** Waits in the page. @param condition of the page's own words */
export async function until(tab: Page, condition: string): Promise<void> {
  await tab.waitForFunction(condition, undefined, { timeout: longestWaitMs, polling: 50 });
}

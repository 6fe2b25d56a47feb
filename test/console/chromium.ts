// The browser of the console's tests.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const quiet = ['--disable-background-networking', '--disable-component-update'];

export const isChromiumMissing = !existsSync(executablePath);

/** Half a minute, which Playwright gives it, is little on a machine that starts several. */
const startsWithinMs = 110_000;

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...flags, ...quiet], timeout: startsWithinMs });
}

// Buttons that ask for what the page does by itself, a little later.
import type { Page } from 'playwright-core';

/** Presses it unless the page was quicker and has taken it away: a click would wait for it for ever. */
export async function pressIfThere(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).evaluateAll(buttons => {
    for (const button of buttons as HTMLButtonElement[]) button.click();
  });
}

// Builds the console into a folder of its own, so that tests neither need nor touch console/dist.
import { join } from 'node:path';
import { build } from 'vite';

/** Runs the project's own Vite build with another output folder. */
export async function buildConsole(outDir: string): Promise<void> {
  const configFile = join(import.meta.dirname, '../../console/vite.config.ts');
  await build({ configFile, logLevel: 'error', build: { outDir, emptyOutDir: true } });
}

// `kvs-edge settings reload`: the running agent takes the settings file as it is now.
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { askAgent } from '../control/control-client.ts';
import { loadSettings } from '../settings/load.ts';

/** Names of settings. */
export const needRestartSchema = z.array(z.string());

/** Rejects with AgentError `settings-…` when the file is not right, which changes nothing, or when the agent cannot be asked. */
export async function reloadCommand(path: string, print: (text: string) => void): Promise<void> {
  const { dataDir } = await loadSettings(path);
  const answer = await askAgent({ dataDir, request: 'settings.reload', clock: systemClock, timeoutMs: 60_000 });
  print(`The agent follows ${path}.\n${restartWords(needRestartSchema.parse(answer))}`);
}

/** A line of its own, or nothing. */
export function restartWords(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `Other settings changed in the file and hold once the agent is restarted: ${names.join(', ')}.\n`;
}

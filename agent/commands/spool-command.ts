// `kvs-edge spool`: fragments that the service refused for good. The running agent is asked over its control socket, for
// the spool is its alone; without one the command opens the spool itself.
import { resolve } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { askAgent } from '../control/control-client.ts';
import type { ControlRequests } from '../control/control-server.ts';
import { AgentError } from '../errors.ts';
import { Facts } from '../facts.ts';
import { type AgentSettings, loadSettings } from '../settings/load.ts';
import { Spool } from '../spool/spool.ts';
import { textTable } from './text-table.ts';

const rejectedSchema = z.array(
  z.object({
    ...{ id: z.int(), cameraId: z.string(), startMs: z.number(), endMs: z.number(), bytes: z.number() },
    reason: z.string().default(''),
  }),
);
const listParams = z.strictObject({ camera: z.string().optional() });
const exportParams = z.strictObject({ id: z.int(), path: z.string() });
const retryParams = z.strictObject({ id: z.int() });

type Rejected = z.infer<typeof rejectedSchema>;

/** What the agent's control socket answers of its spool. */
export function spoolRequests(spool: Spool): ControlRequests {
  return {
    'spool.list': params => spool.rejected(listParams.parse(params).camera),
    'spool.export': params => {
      const { id, path } = exportParams.parse(params);
      return spool.exportRejected(id, path);
    },
    'spool.retry': params => spool.retryRejected(retryParams.parse(params).id),
  };
}

export type SpoolArguments = { settingsFile: string } & (
  | { action: 'list'; camera?: string | undefined; json: boolean }
  | { action: 'export'; id: number; path: string }
  | { action: 'retry'; id: number }
);

/**
 * Rejects with an AgentError when the settings cannot be read, the agent or the spool cannot be asked, there is no refused
 * fragment of that number, or the file cannot be written.
 */
export async function spoolCommand(command: SpoolArguments, print: (text: string) => void): Promise<void> {
  const settings = await loadSettings(command.settingsFile);
  if (command.action === 'list') {
    const rejected = rejectedSchema.parse(await ask(settings, 'spool.list', { camera: command.camera }));
    print(command.json ? `${JSON.stringify(rejected)}\n` : rejectedTable(rejected));
  } else if (command.action === 'export') {
    const path = resolve(command.path);
    await ask(settings, 'spool.export', { id: command.id, path });
    print(`Fragment ${command.id} is in ${path}.\n`);
  } else {
    await ask(settings, 'spool.retry', { id: command.id });
    print(`Fragment ${command.id} waits to be sent again.\n`);
  }
}

async function ask(settings: AgentSettings, request: string, params: unknown): Promise<unknown> {
  try {
    return await askAgent({ dataDir: settings.dataDir, request, params, clock: systemClock });
  } catch (error) {
    if (!(error instanceof AgentError && error.code === 'agent-not-running')) throw error;
  }
  // Nobody listens: what the spool tells while it opens goes to whoever runs the agent next.
  const facts = new Facts(() => undefined);
  const { cameras } = settings;
  const localRetentionHours = (id: string) => cameras.find(camera => camera.id === id)?.localRetentionHours ?? 0;
  await using spool = await Spool.open({ ...settings.spool, localRetentionHours, clock: systemClock, facts });
  return await spoolRequests(spool)[request]?.(params);
}

function rejectedTable(rejected: Rejected): string {
  if (rejected.length === 0) return 'The service refused nothing that is still here.\n';
  const rows = rejected.map(({ id, cameraId, startMs, endMs, bytes, reason }) => [
    ...[String(id), cameraId, new Date(startMs).toISOString(), `${((endMs - startMs) / 1000).toFixed(1)} s`],
    ...[`${(bytes / 1e6).toFixed(1)} MB`, reason],
  ]);
  return textTable([['NUMBER', 'CAMERA', 'START', 'LENGTH', 'SIZE', 'REASON'], ...rows]);
}

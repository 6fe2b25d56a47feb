// `kvs-edge status`: asks the running agent over its control socket and prints the answer.

import { agentStatusSchema } from '../../shared/agent-status.ts';
import { systemClock } from '../clock.ts';
import { askAgent } from '../control/control-client.ts';
import { statusTable } from '../control/status-table.ts';
import { AgentError } from '../errors.ts';
import { loadSettings } from '../settings/load.ts';

/** A camera, or the device, needs somebody to look at it. */
const attentionExitCode = 3;

export type StatusArguments = { settingsFile: string; json: boolean };

/**
 * Resolves with the exit code: 0 when all is well, 3 when something needs attention. Rejects with an AgentError when the
 * settings cannot be read or the agent cannot be asked.
 */
export async function statusCommand(
  { settingsFile, json }: StatusArguments,
  print: (text: string) => void,
): Promise<number> {
  const { dataDir } = await loadSettings(settingsFile);
  const answer = await askAgent({ dataDir, request: 'status', clock: systemClock });
  const { data: status, error } = agentStatusSchema.safeParse(answer);
  if (!status) throw otherVersion(error);
  print(json ? `${JSON.stringify(status)}\n` : statusTable(status));
  const needsAttention = [status, ...status.cameras].some(({ attention }) => attention.length > 0);
  return needsAttention ? attentionExitCode : 0;
}

function otherVersion(cause: unknown): AgentError {
  return new AgentError({
    code: 'control-failed',
    kind: 'invalid',
    retry: 'never',
    message: 'The running agent is of another version than this command: restart the agent, or ask with its own.',
    cause,
  });
}

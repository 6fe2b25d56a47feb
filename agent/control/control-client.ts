// Asks the agent that runs on this machine.
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { AgentError, type ErrorCode, systemCode } from '../errors.ts';
import { answerSchema, linesOf, maxAnswerChars, socketName } from './wire.ts';

const notRunning =
  'The agent is not running for these settings: start it with kvs-edge run, or look into its log for why it ended.';
const otherUser = 'The agent runs as another user: ask it as that user, or as root.';
const noAnswer =
  'The agent did not answer as it should: look into its log, and whether this command is of its version.';

export type AskOptions = {
  /** Of the settings the agent runs with. */
  dataDir: string;
  request: string;
  params?: unknown;
  clock: Clock;
  /** For the whole answer. Default 10 s. */
  timeoutMs?: number;
};

/**
 * The agent's answer, as it came: parse it. Rejects with `agent-not-running` when nobody listens there, with
 * `control-failed` when the agent may not be asked, answers nothing or nonsense, and with the agent's own error.
 */
export async function askAgent(options: AskOptions): Promise<unknown> {
  const { dataDir, request, params = null, clock, timeoutMs = 10_000 } = options;
  const socket = createConnection(join(dataDir, socketName));
  const cancelDeadline = clock.after(timeoutMs, () => socket.destroy(new Error('No answer in time')));
  socket.setEncoding('utf8');
  try {
    socket.write(`${JSON.stringify({ request, params })}\n`);
    return await readAnswer(socket);
  } catch (error) {
    throw connectionError(error);
  } finally {
    cancelDeadline();
    socket.destroy();
  }
}

async function readAnswer(socket: Socket): Promise<unknown> {
  for await (const line of linesOf(socket, maxAnswerChars)) {
    const answer = answerSchema.parse(JSON.parse(line));
    if (answer.ok) return answer.answer;
    const { code, message } = answer.error;
    // The agent's own code: both sides know the same ones, but for a difference of version.
    throw new AgentError({ code: code as ErrorCode, kind: 'unavailable', retry: 'later', message });
  }
  throw new Error('The answer did not end');
}

function connectionError(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  const errno = systemCode(error);
  const nobody = errno === 'ENOENT' || errno === 'ECONNREFUSED' || errno === 'ENOTDIR';
  const denied = errno === 'EACCES' || errno === 'EPERM';
  return new AgentError({
    code: nobody ? 'agent-not-running' : 'control-failed',
    kind: denied ? 'denied' : 'unavailable',
    retry: 'later',
    message: nobody ? notRunning : denied ? otherUser : noAnswer,
    cause: error,
  });
}

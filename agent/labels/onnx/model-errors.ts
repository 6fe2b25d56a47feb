// Every way an own model can fail, as errors the owner can act on.
import { AgentError } from '../../errors.ts';
import type { ModelProblem } from './model-problem.ts';

/** `retry: 'later'` also for what needs a change: the file may be put right, and is read again then. */
export function modelError(
  model: string,
  { blame, sentence }: { blame: ModelProblem['blame'] | 'bug'; sentence: string },
): AgentError {
  switch (blame) {
    case 'invalid':
      return error('model-invalid', 'invalid', `The model ${model} ${sentence}`);
    case 'failed':
      return error('model-failed', 'unavailable', `The model ${model} ${sentence}`);
    case 'picture':
      return new AgentError({
        code: 'labels-failed',
        kind: 'invalid',
        retry: 'never',
        message: `A picture ${sentence}`,
      });
    case 'bug':
      return error(
        'bug',
        'bug',
        `Unexpected error in the model ${model}: ${sentence}. Please report it together with the log.`,
      );
  }
}

export function endedError(model: string, how: string): AgentError {
  return error(
    'model-failed',
    'unavailable',
    `The model ${model} ended by itself (${how}): it may need more memory than this device has. Cameras are recorded all the same; it is started again after a pause. Choose a smaller modelFile if this goes on.`,
  );
}

export function tooSlowError(model: string, seconds: number): AgentError {
  return error(
    'model-failed',
    'unavailable',
    `The model ${model} took longer than ${seconds} s for one picture. Raise its threads, choose a smaller modelFile, or give it smaller pictures (width, height).`,
  );
}

function error(code: 'model-invalid' | 'model-failed' | 'bug', kind: AgentError['kind'], message: string): AgentError {
  return new AgentError({ code, kind, retry: 'later', message });
}

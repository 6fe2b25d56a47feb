// Removing a camera: what becomes of its video is said before, and rules that name it are changed only when that was agreed.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso/router';
import type { ShownCamera } from '../../shared/camera-edits.ts';
import type { CameraStatus, Problem } from '../../shared/camera-status.ts';
import { removeCamera } from '../link/camera-api.ts';
import { problemOf } from '../link/use-answer.ts';
import { removalSentence, rulesSentence } from '../words/camera-words.ts';

type RemovePanelProps = { settings: ShownCamera; camera: CameraStatus | undefined };

export function RemovePanel({ settings, camera }: RemovePanelProps) {
  const { route } = useLocation();
  const dialog = useRef<HTMLDialogElement>(null);
  const problem = useSignal<Problem | undefined>(undefined);
  const busy = useSignal(false);
  const isInRules = problem.value?.code === 'camera-in-rules';
  const remove = async () => {
    busy.value = true;
    try {
      await removeCamera(settings.id, { force: isInRules });
      dialog.current?.close();
      route('/');
    } catch (error) {
      problem.value = problemOf(error);
    } finally {
      busy.value = false;
    }
  };
  const open = () => {
    problem.value = undefined;
    dialog.current?.showModal();
  };
  return (
    <section class="panel remove-panel">
      <h2>Remove this camera</h2>
      <p class="soft small">It stops recording at once. No other camera notices.</p>
      <button type="button" class="danger" onClick={open}>
        Remove…
      </button>
      <dialog ref={dialog} aria-labelledby="remove-title">
        <h2 id="remove-title">Remove {settings.id}?</h2>
        <p>{removalSentence(settings.stream, camera)}</p>
        {problem.value && (
          <p class="problem" role="alert">
            {isInRules ? rulesSentence(problem.value.message) : problem.value.message}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" class="danger" disabled={busy.value} onClick={() => void remove()}>
            {isInRules ? 'Remove it, also from the rules' : 'Remove'}
          </button>
        </div>
      </dialog>
    </section>
  );
}

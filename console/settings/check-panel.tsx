// The check of a camera that is already there, with the sign-in the agent keeps for it.
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { CameraCheck } from '../../shared/camera-check.ts';
import type { CameraChanges, ShownCamera } from '../../shared/camera-edits.ts';
import type { Problem } from '../../shared/camera-status.ts';
import { CheckPicture, Findings } from '../check/findings.tsx';
import { CertificateChoice, TranscodeChoice } from '../check/repair-choices.tsx';
import { changeCamera, checkCamera } from '../link/camera-api.ts';
import { problemOf } from '../link/use-answer.ts';
import { StatusWord } from '../states/status-word.tsx';
import { conclusionWords } from '../words/check-words.ts';

type CheckPanelProps = { settings: ShownCamera; onChanged: () => void };

/** `run` checks the camera, with a change of its settings before if one is given. Never rejects. */
function useCheck({ settings, onChanged }: CheckPanelProps) {
  const result = useSignal<CameraCheck | undefined>(undefined);
  const problem = useSignal<Problem | undefined>(undefined);
  const busy = useSignal(false);
  const left = useMemo(() => new AbortController(), []);
  useEffect(() => () => left.abort(), []);
  const run = async (change?: CameraChanges) => {
    busy.value = true;
    problem.value = undefined;
    try {
      if (change) {
        await changeCamera(settings.id, change);
        onChanged();
      }
      result.value = await checkCamera({ cameraId: settings.id, cost: true }, left.signal);
    } catch (error) {
      problem.value = problemOf(error);
    } finally {
      busy.value = false;
    }
  };
  return { check: result.value, problem: problem.value, busy: busy.value, run };
}

export function CheckPanel({ settings, onChanged }: CheckPanelProps) {
  const { check, problem, busy, run } = useCheck({ settings, onChanged });
  return (
    <section class="panel check-panel" aria-labelledby="check-title" aria-busy={busy} data-check={settings.id}>
      <div class="row-head">
        <h2 id="check-title">Check</h2>
        <button type="button" disabled={busy} onClick={() => void run()}>
          {check ? 'Check again' : 'Check this camera'}
        </button>
      </div>
      <p role="status" class="small">
        {busy && <StatusWord status="waiting" words="Checking: this takes about ten seconds" />}
        {!busy && check && <StatusWord {...conclusionWords(check.findings)} />}
        {!busy && !check && !problem && (
          <span class="soft">Looks at what the camera really sends, and says what to change.</span>
        )}
      </p>
      {problem && (
        <p class="problem" role="alert">
          {problem.message}
        </p>
      )}
      {check && (
        <>
          <CheckPicture still={check.still} title={settings.id} />
          <CertificateChoice facts={check.facts} busy={busy} onTrust={tlsFingerprint => void run({ tlsFingerprint })} />
          {settings.video === 'copy' && (
            <TranscodeChoice check={check} isChosen={false} onChoose={() => void run({ video: 'transcode' })} />
          )}
          <Findings findings={check.findings} />
        </>
      )}
    </section>
  );
}

// One camera's health in sentences: camera, upload, labels.
import type { CameraStatus } from '../../shared/camera-status.ts';
import { nowMs } from '../link/agent-clock.ts';
import { StatusWord } from '../states/status-word.tsx';
import {
  cameraSentence,
  cameraWord,
  clockSentence,
  labelsSentence,
  uploadSentences,
  uploadWord,
} from '../words/camera-words.ts';

export function HealthPanel({ camera }: { camera: CameraStatus }) {
  const now = nowMs.value;
  const labels = camera.labels.problem || camera.labels.paused ? 'attention' : camera.labels.on ? 'ok' : 'waiting';
  return (
    <section class="panel health" aria-labelledby="health-title" data-health>
      <h2 id="health-title">Health</h2>
      <dl>
        <dt>
          <StatusWord {...cameraWord(camera)} />
        </dt>
        <dd>{[cameraSentence(camera, now), clockSentence(camera)].filter(Boolean).join(' ')}</dd>
        <dt>
          <StatusWord {...uploadWord(camera, now)} />
        </dt>
        <dd>
          {uploadSentences(camera, now).join(' ')} Stream: <code>{camera.stream}</code>.
        </dd>
        <dt>
          <StatusWord status={labels} words={camera.labels.on ? 'Labels' : 'No labels'} />
        </dt>
        <dd>{labelsSentence(camera)}</dd>
      </dl>
    </section>
  );
}

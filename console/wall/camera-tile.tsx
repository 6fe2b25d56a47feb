// One camera on the wall: picture, name, state, health line, last sighting. The whole tile leads to the camera's page.
import type { CameraStatus } from '../../shared/camera-status.ts';
import { nowMs } from '../link/agent-clock.ts';
import { isLinkDown } from '../states/link-banner.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { ageWords } from '../words/ages.ts';
import { cameraWord, healthSentences, uploadWord } from '../words/camera-words.ts';
import { labelHue } from '../words/label-hue.ts';
import { CameraStill } from './camera-still.tsx';

export function CameraTile({ camera }: { camera: CameraStatus }) {
  const now = nowMs.value;
  const upload = uploadWord(camera, now);
  return (
    <li class="tile" data-camera={camera.id} data-camera-state={camera.state} data-stale={isLinkDown()}>
      <a class="tile-picture" href={`/camera/${encodeURIComponent(camera.id)}`} aria-label={`Open ${camera.id}`}>
        <CameraStill camera={camera} />
        {camera.state === 'live' && upload.status === 'failed' && (
          <span class="badge">
            <StatusWord status={upload.status} words={upload.words} />
          </span>
        )}
      </a>
      <div class="tile-words">
        <div class="tile-head">
          <h2>{camera.id}</h2>
          <StatusWord {...cameraWord(camera)} />
        </div>
        <p class="small soft" data-health>
          {healthSentences(camera, now).join(' ')}
        </p>
        <LastSighting camera={camera} />
      </div>
    </li>
  );
}

function LastSighting({ camera }: { camera: CameraStatus }) {
  const sighting = camera.lastSighting;
  if (!sighting) return null;
  const at = new Date(sighting.atMs).toISOString();
  return (
    <a class={`chip hue-${labelHue(sighting.label)}`} href={`/camera/${encodeURIComponent(camera.id)}?t=${at}`}>
      {sighting.label} · {ageWords(sighting.atMs, nowMs.value)}
    </a>
  );
}

// Cameras that were just added: when each has its first video on disk, in the cloud, and its first label.
import type { CameraStatus } from '../../shared/camera-status.ts';
import { nowMs } from '../link/agent-clock.ts';
import { fleet } from '../link/fleet.ts';
import { StatusWord } from '../states/status-word.tsx';
import { cameraSentence } from '../words/camera-words.ts';
import { arrivalsOf } from '../words/first-arrivals.ts';

export function AddedRows({ ids }: { ids: readonly string[] }) {
  const cameras = fleet.value?.cameras ?? [];
  return (
    <ul class="added" aria-label="Added cameras">
      {ids.map(id => (
        <AddedRow key={id} id={id} camera={cameras.find(camera => camera.id === id)} />
      ))}
    </ul>
  );
}

function AddedRow({ id, camera }: { id: string; camera: CameraStatus | undefined }) {
  const isTroubled = camera?.state === 'offline' || camera?.state === 'refused';
  return (
    <li data-added={id}>
      <a href={`/camera/${encodeURIComponent(id)}`}>{id}</a>
      <span class="arrivals" role="status">
        {arrivalsOf(camera).map(({ words, arrived }) => (
          <StatusWord key={words} status={arrived ? 'ok' : 'waiting'} words={arrived ? `${words} ✓` : words} />
        ))}
      </span>
      {camera && isTroubled && <p class="small problem">{cameraSentence(camera, nowMs.value)}</p>}
    </li>
  );
}

// The camera wall: every camera at a glance.
import { fleet } from '../link/fleet.ts';
import { link } from '../link/live-events.ts';
import { usePageTitle } from '../shell/page-title.ts';
import { Empty } from '../states/empty.tsx';
import { Loading } from '../states/loading.tsx';
import { CameraTile } from './camera-tile.tsx';
import './wall.css';

const CAMERAS_KEY = 'cameras-last-time';

export function WallPage() {
  usePageTitle('Cameras');
  const answer = fleet.value;
  if (!answer)
    return link.value.at === 'offline' ? null : <Loading what="cameras" count={lastCount()} className="wall" />;
  localStorage.setItem(CAMERAS_KEY, String(answer.cameras.length));
  if (answer.cameras.length === 0) return <NoCameras />;
  return (
    <>
      <h1 class="for-screen-readers">Cameras</h1>
      <ul class="wall">
        {answer.cameras.map(camera => (
          <CameraTile key={camera.id} camera={camera} />
        ))}
      </ul>
    </>
  );
}

function NoCameras() {
  return (
    <Empty title="No cameras yet">
      <p>
        Each camera in the agent’s settings file appears here. Add one under <code>cameras:</code> and start the agent
        again.
      </p>
    </Empty>
  );
}

/** As many skeletons as there were cameras the last time. */
function lastCount(): number {
  const count = Number(localStorage.getItem(CAMERAS_KEY));
  return count >= 1 && count <= 64 ? count : 2;
}

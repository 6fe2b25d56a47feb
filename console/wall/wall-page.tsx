// The camera wall: every camera at a glance.
import type { CamerasAnswer } from '../../shared/api.ts';
import { fleet } from '../link/fleet.ts';
import { link } from '../link/live-events.ts';
import { usePageTitle } from '../shell/page-title.ts';
import { Empty } from '../states/empty.tsx';
import { Loading } from '../states/loading.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { leavingWords } from '../words/camera-words.ts';
import { CameraTile } from './camera-tile.tsx';
import './wall.css';

const CAMERAS_KEY = 'cameras-last-time';

export function WallPage() {
  usePageTitle('Cameras');
  const answer = fleet.value;
  if (!answer)
    return link.value.at === 'offline' ? null : <Loading what="cameras" count={lastCount()} className="wall" />;
  localStorage.setItem(CAMERAS_KEY, String(answer.cameras.length));
  if (answer.cameras.length === 0) {
    return (
      <>
        <NoCameras />
        <LeavingCameras leaving={answer.leaving} />
      </>
    );
  }
  return (
    <>
      <h1 class="for-screen-readers">Cameras</h1>
      <ul class="wall">
        {answer.cameras.map(camera => (
          <CameraTile key={camera.id} camera={camera} />
        ))}
      </ul>
      <LeavingCameras leaving={answer.leaving} />
    </>
  );
}

function LeavingCameras({ leaving = [] }: { leaving: CamerasAnswer['leaving'] }) {
  if (leaving.length === 0) return null;
  return (
    <section class="leaving" aria-labelledby="leaving-title">
      <h2 id="leaving-title">Removed, with video that still waits</h2>
      <ul>
        {leaving.map(camera => (
          <li key={camera.id} data-leaving={camera.id}>
            <StatusWord status="waiting" words={leavingWords(camera)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function NoCameras() {
  return (
    <Empty title="No cameras yet">
      <p>
        Each camera of this site appears here, with its picture and how it is. They are found on the network, and
        checked before they are added.
      </p>
      <div class="actions">
        <a class="button primary" href="/add">
          Find cameras
        </a>
        <a class="button" href="/add?by=address">
          Add by address
        </a>
      </div>
    </Empty>
  );
}

/** As many skeletons as there were cameras the last time. */
function lastCount(): number {
  const count = Number(localStorage.getItem(CAMERAS_KEY));
  return count >= 1 && count <= 64 ? count : 2;
}

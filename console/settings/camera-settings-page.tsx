// The settings of one camera: changing them, checking the camera, and removing it. The camera begins anew with what changes;
// no other camera notices.
import { useRoute } from 'preact-iso/router';
import type { ShownCamera } from '../../shared/camera-edits.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { nowMs } from '../link/agent-clock.ts';
import { loadCameraSettings } from '../link/camera-api.ts';
import { fleet } from '../link/fleet.ts';
import { useAnswer } from '../link/use-answer.ts';
import { usePageTitle } from '../shell/page-title.ts';
import { Empty } from '../states/empty.tsx';
import { Failed } from '../states/failed.tsx';
import { Loading } from '../states/loading.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { cameraSentence, cameraWord, clockSentence } from '../words/camera-words.ts';
import { CheckPanel } from './check-panel.tsx';
import { RemovePanel } from './remove-panel.tsx';
import { SettingsFields } from './settings-fields.tsx';
import './settings.css';

export function CameraSettingsPage() {
  const id = useRoute().params.id ?? '';
  usePageTitle(`Settings of ${id}`);
  const { answer, reload } = useAnswer(id, () => loadCameraSettings(id));
  const { value: settings, problem, loading } = answer.value;
  const camera = fleet.value?.cameras.find(candidate => candidate.id === id);
  if (settings?.id === id) return <CameraSettings key={id} settings={settings} camera={camera} reload={reload} />;
  if (loading) return <Loading what="the settings" count={2} className="settings" />;
  if (problem?.code !== 'camera-unknown' && problem)
    return <Failed what="The settings could not be read" problem={problem} onRetry={reload} />;
  return (
    <Empty title={`There is no camera “${id}”`}>
      <p>
        It may have been removed. <a href="/">See all cameras</a>
      </p>
    </Empty>
  );
}

type CameraSettingsProps = { settings: ShownCamera; camera: CameraStatus | undefined; reload: () => void };

function CameraSettings({ settings, camera, reload }: CameraSettingsProps) {
  return (
    <div class="settings">
      <header class="settings-head">
        <h1>Settings of {settings.id}</h1>
        {camera && <StatusWord {...cameraWord(camera)} />}
        <a href={`/camera/${encodeURIComponent(settings.id)}`}>To its video</a>
      </header>
      <div class="settings-main">
        {camera && (
          <p class="soft small">
            {[cameraSentence(camera, nowMs.value), clockSentence(camera)].filter(Boolean).join(' ')}
          </p>
        )}
        <SettingsFields settings={settings} onSaved={reload} />
        <RemovePanel settings={settings} camera={camera} />
      </div>
      <CheckPanel settings={settings} onChanged={reload} />
    </div>
  );
}

// What a form of a camera's settings changes: only what differs is asked for, and what goes back to its default is taken
// out. Pure.
import type { CameraChanges, ShownCamera } from '../../shared/camera-edits.ts';

/** As the form has them; an empty text is a setting left out. `password` is the new one, empty when it stays. */
export type SettingsForm = {
  url: string;
  username: string;
  password: string;
  transport: ShownCamera['transport'];
  reader: ShownCamera['reader'];
  video: ShownCamera['video'];
  audio: ShownCamera['audio'];
  labels: boolean;
};

export function settingsChanges(before: ShownCamera, form: SettingsForm): CameraChanges {
  const { url, username, password, labels } = form;
  const changes: CameraChanges = {};
  if (url !== before.url) changes.url = url;
  if (username !== (before.username ?? '')) changes.username = username === '' ? null : username;
  if (password !== '') changes.password = password;
  for (const key of ['transport', 'reader', 'video', 'audio'] as const) {
    if (form[key] !== before[key]) Object.assign(changes, { [key]: form[key] });
  }
  if (labels !== isLabelled(before)) changes.labels = labels ? { ...before.labels, provider: 'rekognition' } : null;
  return changes;
}

export function isLabelled({ labels }: ShownCamera): boolean {
  return labels !== undefined && labels.provider !== 'none';
}

// Saving a camera's settings from a form: only what differs is asked for, and the password field is emptied when it was sent.
import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { TargetedSubmitEvent } from 'preact';
import type { ShownCamera } from '../../shared/camera-edits.ts';
import type { Problem } from '../../shared/camera-status.ts';
import { ApiFailure } from '../link/agent-api.ts';
import { changeCamera } from '../link/camera-api.ts';
import { problemOf } from '../link/use-answer.ts';
import { type SettingsForm, settingsChanges } from './changes.ts';

export type Saving =
  | { at: 'idle' }
  | { at: 'saving' }
  | { at: 'saved'; words: string }
  | { at: 'refused'; problem: Problem; fields: ApiFailure['fields'] };

type Submit = (event: TargetedSubmitEvent<HTMLFormElement>) => Promise<void>;

export function useSaving(
  settings: ShownCamera,
  onSaved: () => void,
): { saving: ReadonlySignal<Saving>; submit: Submit } {
  const saving = useSignal<Saving>({ at: 'idle' });
  const submit: Submit = async event => {
    event.preventDefault();
    const form = event.currentTarget;
    const changes = settingsChanges(settings, formOf(form));
    if (Object.keys(changes).length === 0) {
      saving.value = { at: 'saved', words: 'Nothing was changed.' };
      return;
    }
    saving.value = { at: 'saving' };
    try {
      const { needRestart } = await changeCamera(settings.id, changes);
      const password = form.elements.namedItem('password');
      if (password instanceof HTMLInputElement) password.value = '';
      saving.value = { at: 'saved', words: savedWords(needRestart) };
      onSaved();
    } catch (error) {
      const fields = error instanceof ApiFailure ? error.fields : [];
      saving.value = { at: 'refused', problem: problemOf(error), fields };
    }
  };
  return { saving, submit };
}

function savedWords(needRestart: readonly string[]): string {
  const saved = 'Saved. The camera begins anew with it.';
  if (needRestart.length === 0) return saved;
  return `${saved} Other settings in the file hold only after a restart of the agent: ${needRestart.join(', ')}.`;
}

function formOf(form: HTMLFormElement): SettingsForm {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? '');
  return {
    ...{ url: text('url').trim(), username: text('username').trim(), password: text('password') },
    transport: text('transport') as SettingsForm['transport'],
    reader: text('reader') as SettingsForm['reader'],
    video: text('video') as SettingsForm['video'],
    audio: text('audio') as SettingsForm['audio'],
    labels: data.get('labels') === 'on',
  };
}

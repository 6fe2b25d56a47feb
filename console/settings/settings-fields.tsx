// The form of a camera's settings. Each wrong one says so beside its field; the password field is emptied when it was sent.
import { useSignal } from '@preact/signals';
import type { ComponentChildren, TargetedSubmitEvent } from 'preact';
import { useRef } from 'preact/hooks';
import type { ShownCamera } from '../../shared/camera-edits.ts';
import type { Problem } from '../../shared/camera-status.ts';
import { ApiFailure } from '../link/agent-api.ts';
import { changeCamera } from '../link/camera-api.ts';
import { problemOf } from '../link/use-answer.ts';
import { isLabelled, type SettingsForm, settingsChanges } from './changes.ts';

type Saving =
  | { at: 'idle' }
  | { at: 'saving' }
  | { at: 'saved'; words: string }
  | { at: 'refused'; problem: Problem; fields: ApiFailure['fields'] };

export function SettingsFields({ settings, onSaved }: { settings: ShownCamera; onSaved: () => void }) {
  const saving = useSignal<Saving>({ at: 'idle' });
  const password = useRef<HTMLInputElement>(null);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const changes = settingsChanges(settings, formOf(event.currentTarget));
    if (Object.keys(changes).length === 0) {
      saving.value = { at: 'saved', words: 'Nothing was changed.' };
      return;
    }
    saving.value = { at: 'saving' };
    try {
      const { needRestart } = await changeCamera(settings.id, changes);
      if (password.current) password.current.value = '';
      saving.value = { at: 'saved', words: savedWords(needRestart) };
      onSaved();
    } catch (error) {
      const fields = error instanceof ApiFailure ? error.fields : [];
      saving.value = { at: 'refused', problem: problemOf(error), fields };
    }
  };
  const state = saving.value;
  const wrong = (path: string) => state.at === 'refused' && state.fields.find(field => field.path === path)?.message;
  return (
    <form class="panel settings-fields" onSubmit={submit}>
      <Field name="url" label="Address" problem={wrong('url')}>
        <input
          id="setting-url"
          name="url"
          type="text"
          inputMode="url"
          required
          spellcheck={false}
          defaultValue={settings.url}
        />
      </Field>
      <Field name="username" label="User" problem={wrong('username')}>
        <input
          id="setting-username"
          name="username"
          type="text"
          autocomplete="off"
          spellcheck={false}
          defaultValue={settings.username ?? ''}
        />
      </Field>
      <Field
        name="password"
        label="Password"
        problem={wrong('password')}
        hint={settings.hasPassword ? 'One is set. Left empty, it stays.' : 'None is set.'}
      >
        <input id="setting-password" ref={password} name="password" type="password" autocomplete="new-password" />
      </Field>
      <Choice
        name="transport"
        label="Transport"
        value={settings.transport}
        choices={TRANSPORTS}
        problem={wrong('transport')}
      />
      <Choice name="reader" label="Reader" value={settings.reader} choices={READERS} problem={wrong('reader')} />
      <Choice name="video" label="Pictures" value={settings.video} choices={VIDEOS} problem={wrong('video')} />
      <Choice name="audio" label="Sound" value={settings.audio} choices={AUDIOS} problem={wrong('audio')} />
      <label class="tick">
        <input type="checkbox" name="labels" defaultChecked={isLabelled(settings)} />
        <span>Label what it sees. Each picture with motion costs money.</span>
      </label>
      <div class="actions">
        <button type="submit" class="primary" disabled={state.at === 'saving'}>
          {state.at === 'saving' ? 'Saving…' : 'Save'}
        </button>
        <span class="small" role="status">
          {state.at === 'saved' && state.words}
        </span>
      </div>
      {state.at === 'refused' && (
        <p class="problem" role="alert">
          {state.fields.some(({ path }) => SHOWN.has(path)) ? 'Nothing was saved.' : state.problem.message}
        </p>
      )}
    </form>
  );
}

/** What is wrong with these stands beside them. */
const SHOWN: ReadonlySet<string> = new Set(['url', 'username', 'password', 'transport', 'reader', 'video', 'audio']);

const TRANSPORTS = { auto: 'TCP, and UDP where the camera refuses it', tcp: 'TCP only', udp: 'UDP only' };
const READERS = { auto: 'The agent itself, ffmpeg for the rest', native: 'The agent itself', ffmpeg: 'ffmpeg' };
const VIDEOS = { copy: 'As the camera sends them', transcode: 'Re-encoded on the device' };
const AUDIOS = { aac: 'Recorded', off: 'Left out' };

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

type FieldProps = {
  name: string;
  label: string;
  hint?: string;
  problem: string | false | undefined;
  children: ComponentChildren;
};

function Field({ name, label, hint, problem, children }: FieldProps) {
  return (
    <div class="field" data-field={name}>
      <label for={`setting-${name}`}>{label}</label>
      {children}
      {hint && <span class="small soft">{hint}</span>}
      {problem && (
        <span class="small problem" role="alert">
          {label} {problem}
        </span>
      )}
    </div>
  );
}

type ChoiceProps = Omit<FieldProps, 'children'> & { value: string; choices: Record<string, string> };

function Choice({ value, choices, ...field }: ChoiceProps) {
  return (
    <Field {...field}>
      <select id={`setting-${field.name}`} name={field.name} defaultValue={value}>
        {Object.entries(choices).map(([choice, words]) => (
          <option key={choice} value={choice} selected={choice === value}>
            {words}
          </option>
        ))}
      </select>
    </Field>
  );
}

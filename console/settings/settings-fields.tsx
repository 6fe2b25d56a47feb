// The form of a camera's settings. Each wrong one says so beside its field.
import type { ComponentChildren } from 'preact';
import type { ShownCamera } from '../../shared/camera-edits.ts';
import { isLabelled } from './changes.ts';
import { type Saving, useSaving } from './saving.ts';

export function SettingsFields({ settings, onSaved }: { settings: ShownCamera; onSaved: () => void }) {
  const { saving, submit } = useSaving(settings, onSaved);
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
        <input id="setting-password" name="password" type="password" autocomplete="new-password" />
      </Field>
      {CHOICES.map(({ name, label, words }) => (
        <Choice key={name} name={name} label={label} value={settings[name]} words={words} problem={wrong(name)} />
      ))}
      <label class="tick">
        <input type="checkbox" name="labels" defaultChecked={isLabelled(settings)} />
        <span>Label what it sees. Each picture with motion costs money.</span>
      </label>
      <Outcome state={state} />
    </form>
  );
}

const CHOICES = [
  {
    name: 'transport',
    label: 'Transport',
    words: { auto: 'TCP, and UDP where the camera refuses it', tcp: 'TCP only', udp: 'UDP only' },
  },
  {
    name: 'reader',
    label: 'Reader',
    words: { auto: 'The agent itself, ffmpeg for the rest', native: 'The agent itself', ffmpeg: 'ffmpeg' },
  },
  {
    name: 'video',
    label: 'Pictures',
    words: { copy: 'As the camera sends them', transcode: 'Re-encoded on the device' },
  },
  { name: 'audio', label: 'Sound', words: { aac: 'Recorded', off: 'Left out' } },
] as const;

/** What is wrong with these stands beside them. */
const SHOWN: ReadonlySet<string> = new Set(['url', 'username', 'password', ...CHOICES.map(({ name }) => name)]);

function Outcome({ state }: { state: Saving }) {
  const isShown = state.at === 'refused' && state.fields.some(({ path }) => SHOWN.has(path));
  return (
    <>
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
          {isShown ? 'Nothing was saved.' : state.problem.message}
        </p>
      )}
    </>
  );
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

type ChoiceProps = Omit<FieldProps, 'children'> & { value: string; words: Record<string, string> };

function Choice({ value, words, ...field }: ChoiceProps) {
  return (
    <Field {...field}>
      <select id={`setting-${field.name}`} name={field.name} defaultValue={value}>
        {Object.entries(words).map(([choice, name]) => (
          <option key={choice} value={choice} selected={choice === value}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  );
}

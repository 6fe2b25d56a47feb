// Which stream of a camera is recorded: one of those it tells over ONVIF, or the one whose address is typed.
import type { TargetedSubmitEvent } from 'preact';
import { useId } from 'preact/hooks';
import type { ProfileFacts } from '../../shared/camera-check.ts';
import { readAddress } from './candidate.ts';
import type { Draft } from './draft.ts';

type Choice = { draft: Draft; busy: boolean; check: (change?: Partial<Draft>) => void };

export function StreamChoice({ draft, busy, check }: Choice) {
  const { profiles, url } = draft;
  const id = useId();
  const known = profiles.flatMap(profile => (profile.url === undefined ? [] : [{ ...profile, url: profile.url }]));
  if (known.length === 0) return <StreamAddress draft={draft} busy={busy} check={check} />;
  return (
    <label class="field" for={id}>
      Record this stream
      <select id={id} value={url} disabled={busy} onChange={({ currentTarget }) => check({ url: currentTarget.value })}>
        {known.map(profile => (
          <option key={profile.url} value={profile.url}>
            {profileWords(profile)}
          </option>
        ))}
      </select>
    </label>
  );
}

const ROLES: Record<ProfileFacts['role'], string> = { main: 'Main', sub: 'Sub', other: 'Other' };

const CODECS: Record<string, string> = { h264: 'H.264', h265: 'H.265', jpeg: 'MJPEG', mjpeg: 'MJPEG' };

function profileWords({ role, name, width, height, fps, codec }: ProfileFacts): string {
  const size = width !== undefined && height !== undefined ? `${width}×${height}` : undefined;
  const rate = fps === undefined ? undefined : `${fps} per second`;
  const coded = codec && (CODECS[codec.toLowerCase()] ?? codec);
  return [`${ROLES[role]} (${name})`, size, rate, coded].filter(word => word !== undefined).join(' · ');
}

/** For cameras that do not say where their stream is, or write a password into its address. */
function StreamAddress({ draft: { candidate, url }, busy, check }: Choice) {
  const id = useId();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const field = event.currentTarget.elements.namedItem('stream-address');
    if (!(field instanceof HTMLInputElement)) return;
    const address = readAddress(field.value);
    if ('url' in address) return check({ url: address.url });
    if ('problem' in address && address.instead !== undefined) field.value = address.instead;
    field.setCustomValidity('problem' in address ? address.problem : 'Type the whole address, with rtsp:// before it.');
    field.reportValidity();
  };
  return (
    <form class="field" onSubmit={submit}>
      <label for={id}>Address of its stream</label>
      <div class="field-row">
        <input
          id={id}
          name="stream-address"
          type="text"
          inputMode="url"
          autocomplete="off"
          spellcheck={false}
          required
          defaultValue={url}
          placeholder={`rtsp://${candidate.address}/stream1`}
          onInput={({ currentTarget }) => currentTarget.setCustomValidity('')}
        />
        <button type="submit" disabled={busy}>
          Check this
        </button>
      </div>
      {url === '' && <p class="small soft">The camera does not say it, or a password stands in it.</p>}
    </form>
  );
}

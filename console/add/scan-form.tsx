// A scan of a whole network, for cameras that do not speak ONVIF. It starts only after its owner agreed to this very range.
import type { TargetedSubmitEvent } from 'preact';
import type { CameraSearch } from './search.ts';

export function ScanForm({ search }: { search: CameraSearch }) {
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    void search.run({ scan: String(form.get('range')).trim(), consent: form.get('consent') === 'on' });
    event.currentTarget.reset();
  };
  return (
    <details class="panel">
      <summary>Scan a network</summary>
      <form onSubmit={submit}>
        <label for="range">Network</label>
        <input
          id="range"
          name="range"
          type="text"
          required
          autocomplete="off"
          placeholder={ownNetwork(search) ?? '192.168.1.0/24'}
          pattern="\s*[0-9.]+(/[0-9]+)?\s*"
          title="An address and how many of its bits are the network’s, such as 192.168.1.0/24"
        />
        <label class="tick">
          <input type="checkbox" name="consent" required />
          <span>
            This is my network, and I agree that every address in it is connected to. Some networks take that for an
            attack.
          </span>
        </label>
        <button type="submit">Scan</button>
      </form>
    </details>
  );
}

/** The usual size around the address of the first network that was searched. */
function ownNetwork({ state }: CameraSearch): string | undefined {
  const probed = state.value?.interfaces.find(({ probed, address }) => probed && address.includes('.'));
  return probed?.address.replace(/\.\d+$/, '.0/24');
}

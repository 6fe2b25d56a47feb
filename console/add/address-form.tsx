// Add by address: an IP address is searched, and only that host; an rtsp:// address is a stream as it stands.
import { useSignal } from '@preact/signals';
import type { TargetedSubmitEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { readAddress } from './candidate.ts';
import type { CameraSearch } from './search.ts';

type AddressFormProps = {
  search: CameraSearch;
  onStream: (url: string) => void;
  /** Begin here. */
  focus: boolean;
};

export function AddressForm({ search, onStream, focus }: AddressFormProps) {
  const problem = useSignal('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (focus) field.current?.focus();
  }, [focus]);

  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const input = field.current;
    if (!input) return;
    const address = readAddress(input.value);
    problem.value = 'problem' in address ? address.problem : '';
    if ('problem' in address) {
      // A password that was typed into an address does not stay on the screen.
      if (address.instead !== undefined) input.value = address.instead;
      input.focus();
      return;
    }
    input.value = '';
    if ('host' in address) void search.run({ host: address.host });
    else onStream(address.url);
  };

  return (
    <form class="panel address-form" onSubmit={submit}>
      <h3>
        <label for="address">Add by address</label>
      </h3>
      <p class="soft small" id="address-hint">
        The camera’s IP address, or the rtsp:// address of its stream. Only that host is asked.
      </p>
      <div class="field-row">
        <input
          id="address"
          ref={field}
          type="text"
          inputMode="url"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
          placeholder="10.0.0.20"
          aria-invalid={problem.value !== ''}
          aria-describedby="address-problem address-hint"
        />
        <button type="submit">Look there</button>
      </div>
      <p id="address-problem" class="problem small" role="alert">
        {problem}
      </p>
    </form>
  );
}

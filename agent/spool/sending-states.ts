// How far a fragment is on its way to the service: sending begun, not there after all, persisted, refused, given another try.
// Each change wakes who follows the camera.
import type { Changes } from './changes.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import type { FragmentRecord } from './fragment-record.ts';
import type { RejectedFragments } from './rejected-fragments.ts';
import type { SpoolIndex } from './spool-index.ts';

export type SendingOptions = {
  index: SpoolIndex;
  rejected: RejectedFragments;
  changes: Changes;
  trouble: DiskTrouble;
};

/** Methods do nothing for a fragment that left the spool meanwhile, and throw a `disk-…` AgentError when the disk fails them. */
export class SendingStates {
  readonly #index: SpoolIndex;
  readonly #rejected: RejectedFragments;
  readonly #changes: Changes;
  readonly #trouble: DiskTrouble;

  constructor({ index, rejected, changes, trouble }: SendingOptions) {
    this.#index = index;
    this.#rejected = rejected;
    this.#changes = changes;
    this.#trouble = trouble;
  }

  begun(id: number): void {
    this.#change(id, () => this.#index.setSendBegun(id, true));
  }

  notSent(id: number): void {
    this.#change(id, () => this.#index.setSendBegun(id, false));
  }

  persisted(id: number, fragmentNumber: string): void {
    this.#change(id, () => this.#index.setState(id, 'persisted', { fragmentNumber }));
  }

  rejected(id: number, reason: string): void {
    this.#change(id, record => this.#rejected.setAside(record, reason));
  }

  /** Throws `fragment-missing` when there is no refused fragment of that id. */
  retry(id: number): void {
    this.#trouble.ask(() => this.#rejected.get(id));
    this.#change(id, record => this.#rejected.takeBack(record));
  }

  #change(id: number, change: (record: FragmentRecord) => void): void {
    const record = this.#trouble.ask(() => this.#index.byId(id));
    if (!record) return;
    this.#trouble.ask(() => change(record));
    this.#changes.announce(record.cameraId);
  }
}

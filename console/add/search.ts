// A search for cameras as the Find step shows it: what was found, where was searched, and why nothing was found.
import { signal } from '@preact/signals';
import type { Problem } from '../../shared/camera-status.ts';
import type { DiscoveryAdvice, DiscoveryRequest, InterfaceEvent } from '../../shared/discovery.ts';
import { searchCameras } from '../link/camera-api.ts';
import { problemOf } from '../link/use-answer.ts';
import { type Candidate, withFound, withTyped } from './candidate.ts';

export type SearchState = {
  at: 'running' | 'done' | 'failed';
  asked: DiscoveryRequest;
  interfaces: readonly InterfaceEvent[];
  advice: readonly DiscoveryAdvice[];
  /** How many cameras this search brought. */
  found: number;
  problem: Problem | undefined;
};

export class CameraSearch implements Disposable {
  readonly state = signal<SearchState | undefined>(undefined);
  readonly candidates = signal<readonly Candidate[]>([]);
  #stop = new AbortController();

  /** Ends the search that runs. What was found before stays. */
  async run(asked: DiscoveryRequest): Promise<void> {
    this.#stop.abort();
    const stop = new AbortController();
    this.#stop = stop;
    let state: SearchState = { at: 'running', asked, interfaces: [], advice: [], found: 0, problem: undefined };
    const tell = (change: Partial<SearchState>) => {
      state = { ...state, ...change };
      if (!stop.signal.aborted) this.state.value = state;
    };
    tell({});
    try {
      for await (const event of searchCameras(asked, stop.signal)) {
        if (event.type === 'interface') tell({ interfaces: [...state.interfaces, event] });
        if (event.type === 'done') tell({ at: 'done', advice: event.advice });
        if (event.type !== 'found') continue;
        this.candidates.value = withFound(this.candidates.value, event.camera);
        tell({ found: state.found + 1 });
      }
    } catch (error) {
      tell({ at: 'failed', problem: problemOf(error) });
    }
  }

  /** Adds the address of a stream, and looks meanwhile what else is known of its host. */
  addTyped(url: string): void {
    this.candidates.value = withTyped(this.candidates.value, url);
    void this.run({ host: new URL(url).hostname });
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

// Asking the agent about a list of cameras: first what would become of each row, then to add the good ones. The list stands in
// a text field, with passwords in it, and is gone from there when it was added.
import { type Signal, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { ImportedRow } from '../../shared/camera-edits.ts';
import type { Problem } from '../../shared/camera-status.ts';
import { importCameras } from '../link/camera-api.ts';
import { problemOf } from '../link/use-answer.ts';

export type ListState =
  | { at: 'editing'; problem?: Problem }
  | { at: 'asking' }
  | { at: 'tried'; rows: readonly ImportedRow[] }
  | { at: 'added'; rows: readonly ImportedRow[] };

type ImportAsking = {
  state: Signal<ListState>;
  field: { current: HTMLTextAreaElement | null };
  ask: (what: 'try' | 'add') => Promise<void>;
};

export function useImportAsking(): ImportAsking {
  const state = useSignal<ListState>({ at: 'editing' });
  const field = useRef<HTMLTextAreaElement>(null);
  const ask = async (what: 'try' | 'add') => {
    const csv = field.current?.value ?? '';
    if (csv.trim() === '') return;
    state.value = { at: 'asking' };
    try {
      const { rows } = await importCameras({ csv, dryRun: what === 'try', skipBad: true });
      // Somebody went on typing: what was answered is not what would be added.
      if (what === 'try' && field.current?.value !== csv) return;
      state.value = { at: what === 'try' ? 'tried' : 'added', rows };
      if (what === 'add' && field.current) field.current.value = '';
    } catch (error) {
      state.value = { at: 'editing', problem: problemOf(error) };
    }
  };
  return { state, field, ask };
}

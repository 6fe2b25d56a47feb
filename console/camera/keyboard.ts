// The camera page's keys: space, ← →, l, b, f. Left alone while one types, and while a control has the key for itself.
import { useEffect, useRef } from 'preact/hooks';

/** What a key does, by `KeyboardEvent.key`. */
export type KeyActions = Record<string, () => void>;

export function useKeys(actions: KeyActions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || belongsToControl(event)) return;
      const action = latest.current[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

function belongsToControl({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (target.matches('input, select, textarea')) return true;
  return key === ' ' && target.matches('button, a, summary');
}

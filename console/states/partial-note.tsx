// Partial: there is data, and a thin note says what is missing from it.
import type { ComponentChildren } from 'preact';

export function PartialNote({ children }: { children: ComponentChildren }) {
  return (
    <p class="note" role="status" data-view="partial">
      {children}
    </p>
  );
}

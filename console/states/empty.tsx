// Empty: says what would be here, and one thing to do about it.
import type { ComponentChildren } from 'preact';

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="state panel" data-view="empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

// Loading: shapes in the final geometry. They appear only after 150 ms (states.css), so a quick answer does not flash.

export function Loading({ what, count, className }: { what: string; count: number; className: string }) {
  return (
    <div role="status" class={className}>
      <span class="for-screen-readers">Loading {what}…</span>
      {Array.from({ length: count }, (_, place) => (
        <div key={place} class="skeleton" aria-hidden="true" />
      ))}
    </div>
  );
}

// One step of the way: open, done and collapsed into a summary, or still ahead.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

type StepProps = {
  number: number;
  name: string;
  at: 'ahead' | 'open' | 'done';
  summary: string;
  /** Left out: one cannot come back. */
  onChange?: (() => void) | undefined;
  children: ComponentChildren;
};

export function Step({ number, name, at, summary, onChange, children }: StepProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(at);
  useEffect(() => {
    // Whoever works with keys or listens continues where the page does.
    if (at === 'open' && before.current !== 'open') heading.current?.focus();
    before.current = at;
  }, [at]);
  return (
    <section class="step panel" data-step={name.toLowerCase().replace(' ', '-')} data-at={at}>
      <header class="step-head">
        <h2 ref={heading} tabIndex={-1} aria-current={at === 'open' ? 'step' : undefined}>
          <span class="step-number" aria-hidden="true">
            {at === 'done' ? '✓' : number}
          </span>
          {name}
        </h2>
        {at !== 'open' && <p class="soft small">{summary}</p>}
        {at === 'done' && onChange && (
          <button type="button" onClick={onChange} aria-label={`Change: ${name}`}>
            Change
          </button>
        )}
      </header>
      {at === 'open' && <div class="step-body">{children}</div>}
    </section>
  );
}

// Details beside the list: a drawer on wide screens, the whole screen on a phone. A native modal dialog, so that Escape, the
// focus and what lies behind are the browser's to care for.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { LinkBanner } from '../states/link-banner.tsx';

type DrawerProps = { title: string; onClose: () => void; children: ComponentChildren };

export function Drawer({ title, onClose, children }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => dialog.current?.close();
  return (
    <dialog class="drawer" ref={dialog} aria-labelledby="drawer-title" closedby="any" onClose={onClose}>
      <div class="drawer-inside">
        <header class="drawer-head">
          <h2 id="drawer-title">{title}</h2>
          <button type="button" onClick={close}>
            Close
          </button>
        </header>
        <LinkBanner />
        {children}
      </div>
    </dialog>
  );
}

// The few icons of the shell and the player, drawn on a 24-unit grid. Always next to a word or with a label of their own.

const PATHS = {
  cameras: 'M3 6h12v12H3zM15 10l6-3v10l-6-3z',
  review: 'M4 5h16M4 12h16M4 19h10M17 17l2 2 3-4',
  rules: 'M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 22h4M12 5V2',
  add: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v8M8 12h8',
  play: 'M7 4l13 8-13 8z',
  pause: 'M7 4h3v16H7zM14 4h3v16h-3z',
  back: 'M12 6 5 12l7 6zM20 6l-7 6 7 6z',
  forward: 'M12 6l7 6-7 6zM4 6l7 6-7 6z',
  boxes: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9h6v6H9z',
  fullscreen: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  sound: 'M4 9h4l5-4v14l-5-4H4zM16 9c1.5 2 1.5 4 0 6M18.5 6.5c3 3.5 3 7.5 0 11',
  muted: 'M4 9h4l5-4v14l-5-4H4zM16 9l5 6M21 9l-5 6',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.8"
        stroke-linejoin="round"
        stroke-linecap="round"
      />
    </svg>
  );
}

// The two halves of the place: what raises alerts, and where they go.

const TABS = [
  { name: 'rules', href: '/rules', words: 'Rules' },
  { name: 'destinations', href: '/destinations', words: 'Destinations' },
] as const;

export function RulesTabs({ shown }: { shown: (typeof TABS)[number]['name'] }) {
  return (
    <nav class="kinds" aria-label="Rules and destinations">
      {TABS.map(({ name, href, words }) => (
        <a key={name} href={href} aria-current={name === shown ? 'page' : undefined}>
          {words}
        </a>
      ))}
    </nav>
  );
}

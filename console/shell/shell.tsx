// The frame of every page: navigation, site name, clock and the pipeline pill.
import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso/router';
import { nowMs } from '../link/agent-clock.ts';
import { fleet } from '../link/fleet.ts';
import { link } from '../link/live-events.ts';
import { endSession } from '../link/session.ts';
import { LinkBanner } from '../states/link-banner.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { timeOfDay } from '../words/clock-times.ts';
import { pipelineWords } from '../words/pipeline-words.ts';
import { Icon, type IconName } from './icons.tsx';
import './shell.css';

type Place = { href: string; word: string; icon: IconName; holds: (path: string) => boolean };

const PLACES: readonly Place[] = [
  { href: '/', word: 'Cameras', icon: 'cameras', holds: path => path === '/' || path.startsWith('/camera/') },
  { href: '/review', word: 'Review', icon: 'review', holds: path => path === '/review' },
  { href: '/rules', word: 'Rules', icon: 'rules', holds: path => path === '/rules' || path === '/destinations' },
  { href: '/add', word: 'Add', icon: 'add', holds: path => path === '/add' },
];

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <div class="shell">
      <a class="skip" href="#content">
        Skip to content
      </a>
      <TopStrip />
      <Navigation />
      <div class="shell-banner">
        <LinkBanner />
      </div>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function Navigation() {
  const { path } = useLocation();
  return (
    <nav class="places" aria-label="Pages">
      {PLACES.map(({ href, word, icon, holds }) => (
        <a key={href} href={href} aria-current={holds(path) ? 'page' : undefined}>
          <Icon name={icon} />
          {word}
        </a>
      ))}
    </nav>
  );
}

function TopStrip() {
  const answer = fleet.value;
  return (
    <header class="strip">
      <span class="site">{answer?.siteName ?? '…'}</span>
      <PipelinePill />
      <time class="clock soft" title="Time on the device">
        {timeOfDay(nowMs.value)}
      </time>
      <button type="button" class="quiet" onClick={endSession}>
        Sign out
      </button>
    </header>
  );
}

function PipelinePill() {
  const answer = fleet.value;
  if (!answer) return null;
  const { status, words } = pipelineWords(answer.cameras, nowMs.value, link.value.at !== 'offline');
  return (
    <span class="pill" data-pipeline={status}>
      <StatusWord status={status} words={words} />
    </span>
  );
}

// Stale and Offline: the agent has not been heard for a moment, or is gone. What is on the screen stays readable.
import { agentNowMs, nowMs } from '../link/agent-clock.ts';
import { fleet } from '../link/fleet.ts';
import { link, reconnectNow } from '../link/live-events.ts';
import { durationWords, inWords } from '../words/ages.ts';
import { timeOfDay } from '../words/clock-times.ts';
import { StatusWord } from './status-word.tsx';

/** True while what is shown may be old. */
export function isLinkDown(): boolean {
  return link.value.at === 'stale' || link.value.at === 'offline';
}

export function LinkBanner() {
  const state = link.value;
  if (state.at === 'connecting' || state.at === 'open') return null;
  const asOf = fleet.value ? ` Values are as of ${timeOfDay(fleet.value.nowMs)}.` : '';
  if (state.at === 'stale') {
    return (
      <div class="banner banner-stale" role="status" data-view="stale">
        <StatusWord status="attention" words="Reconnecting to the agent…" />
        <span class="soft">{asOf}</span>
      </div>
    );
  }
  const now = Math.max(nowMs.value, agentNowMs());
  return (
    <div class="banner" role="alert" data-view="offline">
      <StatusWord status="failed" words={`Agent unreachable for ${durationWords(now - state.sinceMs)}`} />
      <span class="soft">
        Trying again <span aria-hidden="true">{inWords(state.retryAtMs, now)}</span>.{asOf}
      </span>
      <button type="button" onClick={reconnectNow}>
        Try now
      </button>
    </div>
  );
}

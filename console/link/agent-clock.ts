// The agent's clock, followed in the browser: ages are right even when the two devices disagree on the time.
// Ticks once a second, so that whatever reads `nowMs.value` in a component stays current.
import { signal } from '@preact/signals';

let offsetMs = Date.now() - performance.now();

/** The agent's wall time, to about a second. */
export const nowMs = signal(agentNowMs());

/** The agent's wall time at this moment. Continues steadily between answers, whatever the browser's own clock does. */
export function agentNowMs(): number {
  return performance.now() + offsetMs;
}

/** Takes over the time an answer of the agent was stamped with. */
export function setAgentClock(answerNowMs: number): void {
  offsetMs = answerNowMs - performance.now();
  nowMs.value = agentNowMs();
}

setInterval(() => {
  nowMs.value = agentNowMs();
}, 1000);

// Keeps the console in step with the agent: a snapshot of the cameras, then the stream of live events. A stream that
// ends or falls silent is opened again with backoff, each time after a fresh snapshot, so that nothing missed stays missed.
import { signal } from '@preact/signals';
import type { LiveEvent } from '../../shared/api.ts';
import { ApiFailure, loadCameras } from './agent-api.ts';
import { agentNowMs } from './agent-clock.ts';
import { takeEvent } from './fleet.ts';
import { afterFailure, type LinkState, reconnectDelayMs } from './reconnect.ts';

/** A live agent tells of its cameras far more often; after this long the stream is taken for dead. */
const SILENCE_MS = 30_000;

/** How the link to the agent is. */
export const link = signal<LinkState>({ at: 'connecting' });

let retryNow = () => {};

/** Ends the current pause between two tries. */
export function reconnectNow(): void {
  retryNow();
}

/** Follows the agent until `signal` is aborted. Ends early when the session has ended. */
export async function followAgent(signal: AbortSignal): Promise<void> {
  let attempt = 0;
  let lastGoodMs = agentNowMs();
  while (!signal.aborted) {
    try {
      takeEvent({ type: 'cameras', answer: await loadCameras() });
      if (signal.aborted) return;
      link.value = { at: 'open' };
      if (await listen(signal)) attempt = 0;
      lastGoodMs = agentNowMs();
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 401) return;
    }
    if (signal.aborted) return;
    link.value = afterFailure({ lostAtMs: lastGoodMs, nowMs: agentNowMs(), attempt });
    await pause(reconnectDelayMs(attempt), signal);
    attempt += 1;
  }
}

/** Resolves when the stream ends, falls silent or `signal` is aborted; with true if it had begun at all. */
function listen(signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const source = new EventSource('/api/events');
    let begun = false;
    const end = () => {
      clearTimeout(silence);
      source.close();
      signal.removeEventListener('abort', end);
      resolve(begun);
    };
    let silence = setTimeout(end, SILENCE_MS);
    source.onopen = () => {
      begun = true;
    };
    source.onmessage = message => {
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE_MS);
      const event = parseEvent(String(message.data));
      if (event) takeEvent(event);
    };
    source.onerror = end;
    signal.addEventListener('abort', end);
  });
}

function parseEvent(text: string): LiveEvent | undefined {
  try {
    return JSON.parse(text) as LiveEvent;
  } catch {
    // A line cut off by a dying connection; the snapshot after the reconnect makes up for it.
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    retryNow = end;
    signal.addEventListener('abort', end);
  });
}

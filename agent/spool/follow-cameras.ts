// What cameras tell of their video, kept as footage: when there was none, and what was left out.
import type { Clock } from '../clock.ts';
import type { Facts } from '../facts.ts';
import type { Spool } from './spool.ts';

/** Returns the function that ends it. */
export function followCameras(spool: Spool, { facts, clock }: { facts: Facts; clock: Clock }): () => void {
  return facts.subscribe(fact => {
    if (fact.type === 'camera.state') {
      const { cameraId, state, error } = fact;
      if (state === 'live') spool.noteOnline(cameraId, clock.nowMs());
      else if (state !== 'starting') spool.noteOffline(cameraId, clock.nowMs(), error?.code ?? 'camera-unreachable');
    } else if (fact.type === 'camera.problem') {
      const { cameraId, error, lostFromMs: startMs, lostToMs: endMs } = fact;
      if (startMs !== undefined && endMs !== undefined) spool.recordLost(cameraId, { startMs, endMs }, error.code);
    }
  });
}

// The answer to the control request `status`: what the console shows of each camera, and where its last 24 hours are.
import { type AgentStatus, attentionOfCamera, attentionOfSite } from '../../shared/agent-status.ts';
import type { CamerasAnswer, FootageSpan } from '../../shared/api.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { coverageOf } from '../../shared/coverage.ts';

const coveredMs = 24 * 3_600_000;

export type StatusSources = {
  siteName: string;
  nowMs: number;
  cameras: readonly CameraStatus[];
  footage: (cameraId: string, fromMs: number, toMs: number) => FootageSpan[];
  site?: Pick<CamerasAnswer, 'credentials' | 'clock' | 'leaving'>;
};

/** Throws what `footage` throws. */
export function agentStatus({ siteName, nowMs, cameras, footage, site = {} }: StatusSources): AgentStatus {
  const fromMs = nowMs - coveredMs;
  return {
    siteName,
    nowMs,
    ...site,
    attention: attentionOfSite(site),
    cameras: cameras.map(camera => {
      const coverage = coverageOf(footage(camera.id, fromMs, nowMs), fromMs, nowMs);
      return { ...camera, coverage, attention: attentionOfCamera(camera, coverage) };
    }),
  };
}

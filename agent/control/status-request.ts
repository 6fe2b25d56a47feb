// The answer to the control request `status`: what the console shows of each camera, and where its last 24 hours are.
import { type AgentStatus, attentionOfCamera, attentionOfSite } from '../../shared/agent-status.ts';
import type { CamerasAnswer, FootageSpan } from '../../shared/api.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { coverageOf } from '../../shared/coverage.ts';
import { attentionOfDestination, type DestinationStatus } from '../../shared/destination-status.ts';
import { asAgentError } from '../errors.ts';

const coveredMs = 24 * 3_600_000;

export type StatusSources = {
  siteName: string;
  nowMs: number;
  cameras: readonly CameraStatus[];
  footage: (cameraId: string, fromMs: number, toMs: number) => FootageSpan[];
  site?: Pick<CamerasAnswer, 'credentials' | 'clock' | 'leaving' | 'budget'>;
  /** What it throws becomes a sentence: alerts that cannot be counted must not hide the cameras. */
  destinations?: () => DestinationStatus[];
};

/** Throws what `footage` throws. */
export function agentStatus(sources: StatusSources): AgentStatus {
  const { siteName, nowMs, cameras, footage, site = {} } = sources;
  const { destinations, attention } = destinationsOf(sources);
  const fromMs = nowMs - coveredMs;
  return {
    siteName,
    nowMs,
    ...site,
    attention: [...attentionOfSite(site), ...attention],
    ...(destinations.length > 0 ? { destinations } : {}),
    cameras: cameras.map(camera => {
      const coverage = coverageOf(footage(camera.id, fromMs, nowMs), fromMs, nowMs);
      return { ...camera, coverage, attention: attentionOfCamera(camera, coverage) };
    }),
  };
}

function destinationsOf({ destinations: read, nowMs }: StatusSources) {
  try {
    const destinations = read?.() ?? [];
    return { destinations, attention: destinations.flatMap(status => attentionOfDestination(status, nowMs)) };
  } catch (error) {
    return { destinations: [], attention: [asAgentError(error).message] };
  }
}

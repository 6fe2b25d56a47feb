// The order in which test files run: those that wait longest begin first, so that none of them runs on alone at the end.
// Vitest knows durations only on a machine that ran the tests before; this list is for the others.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Test files of more than some ten seconds, longest first. */
export const longest = [
  'test/demo/main-job.test.ts',
  'test/fuzz/fuzz.test.ts',
  'test/brokers/rabbit.test.ts',
  'test/agent/fleet.test.ts',
  'test/conformance/players/browser.test.ts',
  'test/alerts/mqtt/rabbit.test.ts',
  'test/console/browser.test.ts',
  'test/visits/visits.test.ts',
  'test/fault-lab/fault-lab.test.ts',
  'test/console/add.test.ts',
  'test/demo/kill.test.ts',
  'test/conformance/players/live.test.ts',
  'test/console/alerts.test.ts',
  'test/repair/encoders-at-work.test.ts',
  'test/conformance/players/files.test.ts',
  'test/source/foreign-servers.test.ts',
  'test/uploader/uploader.test.ts',
  'test/local-cloud/rekognition.test.ts',
  'test/push/push.test.ts',
  'test/agent/camera-command.test.ts',
  'test/alerts/queue-sinks.test.ts',
  'test/console/real-agent.test.ts',
  'test/agent/bad-input.test.ts',
  'test/source/processes.test.ts',
  'test/camera-check/cameras.test.ts',
  'test/web/camera-check.test.ts',
  'test/source/rtsp-source.test.ts',
  'test/labels/onnx-frames.test.ts',
  'test/agent/label-budget.test.ts',
  'test/time/agent-in-1970.test.ts',
  'test/camera-check/command.test.ts',
  'test/spool/damage.test.ts',
  'test/conformance/api/control.test.ts',
  'test/alerts/kill.test.ts',
  'test/conformance/api/reading.test.ts',
  'test/camera-check/odd-cameras.test.ts',
  'test/local-cloud/ingest-kill.test.ts',
  'test/source/camera-soak.test.ts',
  'test/source/oddities-to-cloud.test.ts',
  'test/source/oddities.test.ts',
  'test/visits/restart.test.ts',
  'test/uploader/restraint.test.ts',
  'test/conformance/players/streams.test.ts',
  'test/source/ffmpeg-source.test.ts',
  'test/brokers/active-mq.test.ts',
  'test/rtp/real-streams.test.ts',
  'test/uploader/refusals.test.ts',
  'test/local-cloud/storage-cap.test.ts',
  'test/pretend-camera/rtsp-options.test.ts',
  'test/agent/camera-events.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = longest.findIndex(file => moduleId.endsWith(file));
  return place < 0 ? longest.length : place;
}

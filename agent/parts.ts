// The parts of a running agent, as main puts them together and its lines and servers use them.
import type { AlertingParts } from './alerting.ts';
import type { ConnectedAws } from './aws/aws.ts';
import type { KinesisVideo } from './aws/kinesis-video.ts';
import type { Facts } from './facts.ts';
import type { CameraStatuses } from './health/camera-statuses.ts';
import type { Journal } from './health/journal.ts';
import type { CallBudget } from './labels/call-budget.ts';
import type { LabelPauses } from './labels/label-pauses.ts';
import type { LabelProviders } from './labels/providers.ts';
import type { SightingStore } from './labels/sighting-store.ts';
import type { LiveSettings } from './live-settings.ts';
import type { VideoEncoders } from './repair/video-encoders.ts';
import type { StillDecoder } from './sampler/decode.ts';
import type { StillsOnDemand } from './sampler/still-on-demand.ts';
import type { AgentSettings } from './settings/load.ts';
import type { Spool } from './spool/spool.ts';
import type { TrustedClock } from './time/trusted-clock.ts';

/** What the agent is made of, once it runs. */
export type AgentParts = AlertingParts & {
  /** As they are at this moment: they change while the agent runs. */
  readonly settings: AgentSettings;
  live: LiveSettings;
  aws: ConnectedAws;
  clock: TrustedClock;
  journal: Journal;
  facts: Facts;
  signal: AbortSignal;
  service: KinesisVideo;
  spool: Spool;
  statuses: CameraStatuses;
  sightings: SightingStore;
  decoder: StillDecoder;
  encoders: VideoEncoders;
  providers: LabelProviders;
  budget: CallBudget;
  pauses: LabelPauses;
  /** The newest JPEG of each camera that is sampled for labels. */
  latestStills: Map<string, Uint8Array>;
  /** Of the other cameras, and before the first sample. */
  stillsOnDemand: StillsOnDemand;
};

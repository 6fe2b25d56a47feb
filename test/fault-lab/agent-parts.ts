// What the cameras of one agent share, as agent/main.ts makes it: spool, service, facts, and the restraint of attempts.
import { KinesisVideo } from '../../agent/aws/kinesis-video.ts';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { firstTrueMs } from '../../agent/time/provisional-time.ts';
import { Restraint } from '../../agent/uploader/restraint.ts';
import { Uplink } from '../../agent/uploader/uplink.ts';

export type AgentPartsOptions = {
  dir: string;
  endpoint: string;
  clock?: Clock;
  maxBytes?: number;
  /** Asked whenever credentials are needed. Default: always the same key. */
  accessKeyId?: () => string;
};

export class AgentParts implements AsyncDisposable {
  readonly spool: Spool;
  readonly service: KinesisVideo;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly uplink: Uplink;
  readonly restraint: Restraint;

  private constructor(options: AgentPartsOptions, clock: Clock, { spool, facts }: { spool: Spool; facts: Facts }) {
    const { endpoint, accessKeyId = () => 'local' } = options;
    this.clock = clock;
    this.spool = spool;
    this.facts = facts;
    const credentials = async () => ({
      accessKeyId: accessKeyId(),
      secretAccessKey: 'local-secret',
      // As every temporary credential has one; without it the SDK never asks again.
      expiration: new Date(Date.now() + 60_000),
    });
    this.service = new KinesisVideo({ region: 'us-west-2', endpoint, credentials }, clock);
    this.uplink = new Uplink({ clock });
    this.restraint = new Restraint({ clock, random: Math.random });
  }

  static async open(options: AgentPartsOptions): Promise<AgentParts> {
    const { dir, clock = systemClock, maxBytes = 4e9 } = options;
    const facts = new Facts(error => {
      throw error;
    });
    return new AgentParts(options, clock, {
      facts,
      spool: await Spool.open({ dir, maxBytes, clock, facts, provisionalBeforeMs: firstTrueMs }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.service[Symbol.dispose]();
    await this.spool[Symbol.asyncDispose]();
  }
}

// Alerting, put together: the rules raise alerts into the outbox, and from there they leave for their destinations with all
// that the agent knows of them. Made from the settings at the start; follows them from then on.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Deliveries } from './alerts/deliveries.ts';
import { FragmentNumbers } from './alerts/fragment-numbers.ts';
import { Outbox } from './alerts/outbox.ts';
import type { PayloadContext } from './alerts/payload.ts';
import { RuleMemoryStore } from './alerts/rule-memory/rule-memory.ts';
import { SiteState } from './alerts/site-state.ts';
import { StillLinks } from './alerts/still-links.ts';
import type { ConnectedAws } from './aws/aws.ts';
import type { Facts } from './facts.ts';
import type { SightingStore } from './labels/sighting-store.ts';
import type { LiveSettings } from './live-settings.ts';
import { RaiseAlerts } from './raise-alerts.ts';
import type { Spool } from './spool/spool.ts';
import type { TrustedClock } from './time/trusted-clock.ts';
import { type WatchHealthOptions, watchHealth } from './watch-health.ts';

export type AlertingOptions = {
  live: LiveSettings;
  aws: ConnectedAws;
  clock: TrustedClock;
  facts: Facts;
  signal: AbortSignal;
  spool: Pick<Spool, 'fragmentAt'>;
  sightings: Pick<SightingStore, 'still'>;
};

/** What other parts of the agent ask of it. */
export type AlertingParts = {
  outbox: Outbox;
  stillLinks: StillLinks;
  deliveries: Deliveries;
  rules: RaiseAlerts;
  ruleMemory: RuleMemoryStore;
};

export class Alerting implements Disposable {
  readonly parts: AlertingParts;
  readonly #options: AlertingOptions;
  readonly #context: PayloadContext;
  readonly #site: SiteState;
  readonly #open: DisposableStack;

  private constructor(
    options: AlertingOptions,
    made: { parts: AlertingParts; context: PayloadContext; site: SiteState; open: DisposableStack },
  ) {
    this.#options = options;
    this.parts = made.parts;
    this.#context = made.context;
    this.#site = made.site;
    this.#open = made.open;
  }

  /** Rejects with an AgentError `disk-…`, or `settings-invalid` for an empty secret. */
  static async open(options: AlertingOptions): Promise<Alerting> {
    const { live, aws, clock, facts, signal, spool, sightings } = options;
    const { settings } = live;
    const { dataDir } = settings;
    using open = new DisposableStack();
    const outbox = open.use(new Outbox({ file: join(dataDir, 'alerts.sqlite'), clock, facts, newId: randomUUID }));
    const inSpool = (id: string, atMs: number) => spool.fragmentAt(id, atMs)?.fragmentNumber;
    const fragmentNumbers = open.use(new FragmentNumbers({ facts, inSpool }));
    const stillLinks = await StillLinks.open({ dataDir });
    const context: PayloadContext = {
      streamOf: id => live.camera(id)?.stream,
      siteName: settings.siteName,
      consoleUrl: settings.web.publicUrl,
      fragmentNumberOf: (id, atMs) => fragmentNumbers.of(id, atMs),
      stillLinkOf: id =>
        context.consoleUrl ? stillLinks.link(id, { consoleUrl: context.consoleUrl, nowMs: clock.nowMs() }) : undefined,
    };
    const site = open.use(new SiteState(settings, facts));
    const ruleMemory = open.use(new RuleMemoryStore({ dataDir, clock }));
    const { snoozes } = ruleMemory;
    const stillOf = (id: string) => sightings.still(id);
    const deliveries = await Deliveries.open(
      { outbox, clock, random: Math.random, facts, signal, context, aws, stillOf, site, snoozes, dataDir },
      { ...live.settings, secretOf: live.secretOf },
    );
    const destinationsOf = (ruleId: string) => deliveries.of(ruleId);
    const rules = open.use(
      new RaiseAlerts({ settings: live.settings, outbox, memory: ruleMemory, destinationsOf, clock, facts }),
    );
    const parts = { outbox, stillLinks, deliveries, rules, ruleMemory };
    return new Alerting(options, { parts, context, site, open: open.move() });
  }

  /** Links in alerts lead to the console at `url`, unless the settings say by which address people reach it. */
  consoleIsAt(url: string): void {
    this.#context.consoleUrl ??= url;
  }

  /** Rules, cameras and destinations as they are from now on. Rejects as `Deliveries.follow`. */
  async follow({ settings, secretOf }: LiveSettings): Promise<void> {
    this.#site.follow(settings);
    await this.parts.deliveries.follow({ ...settings, secretOf });
    this.parts.rules.follow(settings);
  }

  /** Until the options' signal aborts: alerts are raised, also for the health of device and cameras, and delivered. */
  async run(measured: Pick<WatchHealthOptions, 'statuses' | 'budgetPercent' | 'dir'>): Promise<void> {
    const { clock, signal } = this.#options;
    const { deliveries, rules, ruleMemory } = this.parts;
    const watched: WatchHealthOptions = {
      ...{ rules, clock, ...measured },
      snoozed: (ruleId, cameraId, atMs) => ruleMemory.snoozes.until(ruleId, cameraId, atMs) !== undefined,
    };
    await Promise.all([deliveries.run(), rules.run(signal), watchHealth(watched, signal)]);
  }

  /** After everything that raises alerts has ended. */
  [Symbol.dispose](): void {
    this.#open[Symbol.dispose]();
  }
}

// The settings that hold in a running agent. They change when people edit cameras or the file; cameras and rules follow at
// once, everything else holds from the agent's start on.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from './clock.ts';
import { asAgentError } from './errors.ts';
import type { Facts } from './facts.ts';
import { resolveSecrets, type SecretLookup } from './settings/agent-secrets.ts';
import { type ApplySettings, CameraBook } from './settings/camera-book.ts';
import { type FleetCamera, fixedChanges } from './settings/fleet-changes.ts';
import { type AgentSettings, loadSettings } from './settings/load.ts';

/** Told of settings that hold from now on; the next change waits until it is done. Must not reject. */
export type Follower = (live: LiveSettings) => Promise<void> | void;

export type LiveSettingsOptions = { path: string; clock: Clock; facts: Facts };

export class LiveSettings {
  /** Where people change cameras. Each method also resolves only when the change holds. */
  readonly book: CameraBook;
  readonly #facts: Facts;
  readonly #atStart: AgentSettings;
  readonly #followers: Follower[] = [];
  #settings: AgentSettings;
  #secretOf: SecretLookup;

  private constructor(options: LiveSettingsOptions, settings: AgentSettings, secretOf: SecretLookup) {
    const { path, clock, facts } = options;
    this.#facts = facts;
    this.#atStart = settings;
    this.#settings = settings;
    this.#secretOf = secretOf;
    const prepare = (changed: AgentSettings) => this.#prepare(changed);
    this.book = new CameraBook({ path, dataDir: settings.dataDir, clock, prepare });
  }

  /** Rejects with AgentError `settings-unreadable`, or `settings-invalid` also for a secret that is missing. */
  static async open(options: LiveSettingsOptions): Promise<LiveSettings> {
    const settings = await loadSettings(options.path);
    return new LiveSettings(options, settings, await resolveSecrets(settings));
  }

  get settings(): AgentSettings {
    return this.#settings;
  }

  get secretOf(): SecretLookup {
    return this.#secretOf;
  }

  camera(id: string): AgentSettings['cameras'][number] | undefined {
    return this.#settings.cameras.find(camera => camera.id === id);
  }

  cameras(): FleetCamera[] {
    return this.#settings.cameras.map(({ password, ...camera }) => {
      return { ...camera, ...(password ? { password: this.#secretOf(password) } : {}) };
    });
  }

  /** Followers are told one after the other. */
  onChange(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** Takes the file as it is now. Never rejects: a file that is not right changes nothing, and is told as a fact. */
  async reread(): Promise<void> {
    try {
      await this.book.reload();
    } catch (thrown) {
      this.#facts.publish({ type: 'settings.refused', error: asAgentError(thrown) });
    }
  }

  async #prepare(settings: AgentSettings): Promise<ApplySettings> {
    const secretOf = await resolveSecrets(settings);
    return () => this.#apply(settings, secretOf);
  }

  async #apply(settings: AgentSettings, secretOf: SecretLookup): Promise<string[]> {
    const isNew = !isDeepStrictEqual(settings, this.#settings);
    this.#settings = settings;
    this.#secretOf = secretOf;
    for (const follower of this.#followers) await follower(this);
    const needRestart = fixedChanges(this.#atStart, settings);
    if (isNew) this.#facts.publish({ type: 'settings.changed', cameras: settings.cameras.length, needRestart });
    return needRestart;
  }
}

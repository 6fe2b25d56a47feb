// The way of cameras from found to added: which step one is at, the chosen cameras, their checks one after the other, and at
// the end their writing. Nothing is written before. Passwords live here only, until their camera is added or the page is left.
import { computed, signal } from '@preact/signals';
import { ApiFailure } from '../link/agent-api.ts';
import { addCamera, checkCamera } from '../link/camera-api.ts';
import { fleet } from '../link/fleet.ts';
import { problemOf } from '../link/use-answer.ts';
import { signInVerdict } from '../words/check-words.ts';
import type { Candidate } from './candidate.ts';
import { type CheckState, checked, checkRequest, type Draft, draftOf, newCamera } from './draft.ts';
import { CameraSearch } from './search.ts';

export const STEPS = ['find', 'sign-in', 'check', 'name'] as const;
export type StepName = (typeof STEPS)[number];

export type SignIn = { username: string; password: string };

/** Another person's check, or the last one of a page that was left, is waited for. */
const BUSY_PAUSE_MS = 1000;
const BUSY_TRIES = 90;

export class AddFlow implements Disposable {
  readonly search = new CameraSearch();
  readonly step = signal<StepName>('find');
  readonly drafts = signal<readonly Draft[]>([]);
  /** Cameras are being written, or all are. */
  readonly adding = signal<'no' | 'running' | 'done'>('no');
  readonly isChecking = computed(() => this.drafts.value.some(({ check }) => isUnderWay(check)));
  readonly #passwords = new Map<string, string>();
  readonly #left = new AbortController();
  #checks: Promise<void> = Promise.resolve();

  /** Leaves Find with these cameras. What was already entered for one of them stays. */
  choose(candidates: readonly Candidate[]): void {
    const before = new Map(this.drafts.value.map(draft => [draft.candidate.key, draft]));
    const taken = new Set([...takenIds(), ...this.drafts.value.map(({ id }) => id)]);
    this.drafts.value = candidates.map(candidate => {
      const draft = before.get(candidate.key) ?? draftOf(candidate, taken);
      taken.add(draft.id);
      return { ...draft, candidate };
    });
    this.step.value = 'sign-in';
  }

  change(key: string, change: Partial<Draft>): void {
    this.#update(key, draft => ({ ...draft, ...change }));
  }

  leaveOut(key: string): void {
    this.#passwords.delete(key);
    this.drafts.value = this.drafts.value.filter(({ candidate }) => candidate.key !== key);
    if (this.drafts.value.length === 0) this.step.value = 'find';
    else this.#goOnWhenSignedIn();
  }

  /** Takes the sign-in for these cameras and checks them with it. */
  async signIn(keys: readonly string[], { username, password }: SignIn): Promise<void> {
    for (const key of keys) {
      this.#passwords.set(key, password);
      // The device tells its streams anew; an address that was typed stays.
      this.#update(key, draft => ({ ...draft, username, url: draft.profiles.length > 0 ? '' : draft.url }));
    }
    await Promise.all(keys.map(key => this.check(key)));
    this.#goOnWhenSignedIn();
  }

  /** Checks one camera, when those before it are done. Never rejects. */
  check(key: string, change: Partial<Draft> = {}): Promise<void> {
    this.change(key, { ...change, check: { at: 'waiting' } });
    this.#checks = this.#checks.then(() => this.#check(key));
    return this.#checks;
  }

  /** Adds them all, one after the other; those that are refused keep their reason. */
  async add(): Promise<void> {
    this.adding.value = 'running';
    for (const { candidate, added } of this.drafts.value) if (added.at !== 'added') await this.#add(candidate.key);
    const isDone = this.drafts.value.every(({ added }) => added.at === 'added');
    this.adding.value = isDone ? 'done' : 'no';
  }

  /** For the next cameras: nothing of these is left. */
  startAnew(): void {
    this.drafts.value = [];
    this.search.candidates.value = [];
    this.adding.value = 'no';
    this.step.value = 'find';
    void this.search.run({});
  }

  [Symbol.dispose](): void {
    this.search[Symbol.dispose]();
    this.#left.abort();
    this.#passwords.clear();
  }

  #goOnWhenSignedIn(): void {
    const drafts = this.drafts.value;
    const isIn = (draft: Draft) => draft.check.at === 'failed' || (draft.check.at === 'done' && !isDenied(draft));
    if (this.step.value === 'sign-in' && drafts.every(isIn)) this.step.value = 'check';
  }

  async #check(key: string): Promise<void> {
    const draft = this.drafts.value.find(({ candidate }) => candidate.key === key);
    if (!draft || this.#left.signal.aborted) return;
    this.change(key, { check: { at: 'running' } });
    try {
      const check = await this.#checkWhenFree(checkRequest(draft, this.#passwords.get(key) ?? ''));
      this.#update(key, current => checked(current, check));
    } catch (error) {
      this.change(key, { check: { at: 'failed', problem: problemOf(error) } });
    }
  }

  async #checkWhenFree(request: ReturnType<typeof checkRequest>) {
    for (let tries = 1; ; tries++) {
      try {
        return await checkCamera(request, this.#left.signal);
      } catch (error) {
        const isBusy = error instanceof ApiFailure && error.code === 'check-running';
        if (!isBusy || tries === BUSY_TRIES) throw error;
        await new Promise(resolve => setTimeout(resolve, BUSY_PAUSE_MS));
      }
    }
  }

  async #add(key: string): Promise<void> {
    const draft = this.drafts.value.find(({ candidate }) => candidate.key === key);
    if (!draft) return;
    this.change(key, { added: { at: 'adding' } });
    try {
      await addCamera(newCamera(draft, this.#passwords.get(key) ?? ''));
      this.#passwords.delete(key);
      this.change(key, { added: { at: 'added' } });
    } catch (error) {
      this.change(key, { added: { at: 'refused', problem: problemOf(error) } });
    }
  }

  #update(key: string, update: (draft: Draft) => Draft): void {
    this.drafts.value = this.drafts.value.map(draft => (draft.candidate.key === key ? update(draft) : draft));
  }
}

/** The camera refused the sign-in it was given, or wants one. */
export function isDenied({ check, username }: Draft): boolean {
  return check.at === 'done' && signInVerdict(check.check, { signedIn: username !== '' }).denied;
}

export function isUnderWay({ at }: CheckState): boolean {
  return at === 'waiting' || at === 'running';
}

/** Ids of cameras, also of removed ones whose video still waits. */
export function takenIds(): ReadonlySet<string> {
  const { cameras = [], leaving = [] } = fleet.value ?? {};
  return new Set([...cameras, ...leaving].map(({ id }) => id));
}

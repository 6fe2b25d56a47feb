// The files of stored fragments: read, deleted, and found out when somebody else deleted them, cut them short or took a
// stream's folder away while the server runs. What is lost so is listed no more, and it is said once.
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WireError } from '../wire-error.ts';
import { diskError, unlessGone } from './disk-error.ts';
import type { HealingIndex } from './healing-index.ts';
import type { StoredFragment } from './media-store.ts';
import { readWhole } from './read-whole.ts';
import { damagedSuffix, fragmentSuffix } from './reconcile.ts';
import type { StreamRecords } from './stream-records.ts';

export type FragmentFilesOptions = {
  streams: StreamRecords;
  index: HealingIndex;
  /** So many bytes are not in the index any more. */
  onRemoved: (bytes: number) => void;
  /** Told in a sentence what somebody else did. */
  tell: (sentence: string) => void;
};

export class FragmentFiles {
  readonly #options: FragmentFilesOptions;
  /** Numbers of fragments that are being deleted: that their files are missing is no news. */
  readonly #leaving = new Set<string>();
  /** By stream; one at a time. */
  readonly #searches = new Map<string, Promise<void>>();

  constructor(options: FragmentFilesOptions) {
    this.#options = options;
  }

  path(stream: string, number: string): string {
    return `${this.#pathWithout(stream, number)}${fragmentSuffix}`;
  }

  /** @throws WireError ResourceNotFoundException when it is not there any more, AgentError when it cannot be read */
  async read(fragment: StoredFragment): Promise<Uint8Array> {
    const { streamName, number, bytes } = fragment;
    const content = await this.#contentOf(fragment);
    if (content?.length === bytes) return content;
    if (content) await this.#setAside(fragment);
    else if (this.#isListed(streamName, number)) await this.forgetMissing(streamName);
    throw new WireError('ResourceNotFoundException', `The fragment ${number} is not kept any more.`);
  }

  /** As much as there is of it. */
  async #contentOf({ streamName, number, bytes }: StoredFragment): Promise<Uint8Array | undefined> {
    try {
      return await unlessGone(readWhole(this.path(streamName, number), bytes));
    } catch (error) {
      throw diskError(error, `read the fragment ${number}`);
    }
  }

  /** File and entry. The file first: what cannot be deleted stays listed, and is tried again. */
  remove(stream: string, number: string): Promise<void> {
    return this.#whileLeaving(number, async () => {
      await rm(this.path(stream, number), { force: true });
      await this.#forget(stream, number);
    });
  }

  /**
   * Forgets the fragments of a stream whose files are not there.
   * @throws AgentError, and nothing is forgotten, when all of the data folder is not there
   */
  forgetMissing(stream: string): Promise<void> {
    const search = this.#searches.get(stream) ?? this.#search(stream).finally(() => this.#searches.delete(stream));
    this.#searches.set(stream, search);
    return search;
  }

  async #search(stream: string): Promise<void> {
    const { index, streams, tell } = this.#options;
    // Listed before the folder is looked at: what arrives meanwhile is in the folder only.
    const listed = await index.ask(known => known.numbers(stream));
    const folder = streams.folder(stream);
    // A disk that was taken away may come back.
    await stat(dirname(folder)).catch(error => {
      throw diskError(error, `find the fragments of the stream ${stream}`);
    });
    const there = new Set(await unlessGone(readdir(folder)));
    // Its folder went with it, before the index has forgotten it.
    if (!streams.find(stream)) return;
    const missing = listed.filter(number => !there.has(`${number}${fragmentSuffix}`) && !this.#leaving.has(number));
    let lost = 0;
    for (const number of missing) if ((await this.#forget(stream, number)) > 0) lost++;
    if (lost === 0) return;
    const [which, files] = lost === 1 ? ['1 fragment', 'its file'] : [`${lost} fragments`, 'their files'];
    const verb = lost === 1 ? 'is' : 'are';
    tell(
      `${which} of the stream ${stream} ${verb} not listed any more: somebody else deleted ${files} from ${folder}.`,
    );
  }

  /** Nothing when another reader did it meanwhile. */
  #setAside({ streamName, number }: StoredFragment): Promise<void> {
    const path = this.#pathWithout(streamName, number);
    const aside = `${path}${damagedSuffix}`;
    return this.#whileLeaving(number, async () => {
      await unlessGone(rename(`${path}${fragmentSuffix}`, aside));
      if ((await this.#forget(streamName, number)) > 0)
        this.#options.tell(
          `A fragment of the stream ${streamName} was cut short by somebody else. It is set aside as ${aside}.`,
        );
    });
  }

  async #whileLeaving(number: string, work: () => Promise<void>): Promise<void> {
    this.#leaving.add(number);
    try {
      await work();
    } finally {
      this.#leaving.delete(number);
    }
  }

  #isListed(stream: string, number: string): boolean {
    return !this.#leaving.has(number) && this.#options.index.askNow(index => index.find(stream, number)) !== undefined;
  }

  async #forget(stream: string, number: string): Promise<number> {
    const bytes = await this.#options.index.ask(index => index.remove(stream, number));
    this.#options.onRemoved(bytes);
    return bytes;
  }

  #pathWithout(stream: string, number: string): string {
    return join(this.#options.streams.folder(stream), number);
  }
}

// How fragments come into the store: each gets its number and the time of its arrival, is written, and counts once its
// whole file is synced under its own name and the index knows it.
import { rm } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { systemCode } from '../../errors.ts';
import type { Track } from '../../matroska/track.ts';
import { ArrivalTimes } from './arrival-times.ts';
import type { FragmentFiles } from './fragment-files.ts';
import type { FragmentIndex } from './fragment-index.ts';
import { fragmentNumber } from './fragment-number.ts';
import { FragmentWriter } from './fragment-writer.ts';
import type { HealingIndex } from './healing-index.ts';
import type { StoredFragment, StoredStream } from './media-store.ts';
import type { Room } from './room.ts';

export type Arriving = { stream: string; producerMs: number; header: Uint8Array; tags: Uint8Array[] };

/** A fragment that is arriving. */
export type Arrival = {
  number: string;
  serverMs: number;
  /** The stream's; another may have its name later. */
  arn: string | undefined;
  writer: FragmentWriter;
};

/** What is known of a fragment once it is complete. */
export type ArrivedContent = {
  streamName: string;
  producerMs: number;
  lengthMs: number;
  frames: number;
  timelineMs: number;
  tracks: readonly Track[];
};

export type IntakeOptions = {
  clock: Clock;
  random: () => number;
  findStream: (name: string) => StoredStream | undefined;
  index: HealingIndex;
  files: FragmentFiles;
  room: Room;
  /** The folder of a stream that is there is not there. */
  restoreFolder: (stream: string) => Promise<void>;
};

export class Intake {
  readonly #options: IntakeOptions;
  readonly #times = new ArrivalTimes();
  /** The last that were given, by stream. */
  readonly #sequences = new Map<string, number>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Begins to receive a fragment. */
  async receive(arriving: Arriving): Promise<Arrival> {
    const { clock, random, findStream, index } = this.#options;
    const { stream } = arriving;
    const { serverMs, sequence } = await index.ask(known => {
      const newestMs = () => known.newest(stream, 1)[0]?.serverMs;
      const serverMs = this.#times.next(stream, Math.round(clock.nowMs()), newestMs);
      return { serverMs, sequence: this.#nextSequence(stream, known) };
    });
    const number = fragmentNumber({ sequence, serverMs, random: random() });
    const arn = findStream(stream)?.arn;
    return { number, serverMs, arn, writer: await this.#open(arriving, { number, serverMs }) };
  }

  /** The fragment survives a power cut when this returns. On failure it is forgotten. */
  async persist({ number, serverMs, arn, writer }: Arrival, content: ArrivedContent): Promise<StoredFragment> {
    const { room } = this.#options;
    try {
      return await room.take(writer.bytes, async () => {
        await writer.commit();
        return this.#enterIndex({ ...content, number, serverMs, bytes: writer.bytes }, arn);
      });
    } catch (error) {
      await writer.discard();
      throw error;
    }
  }

  /** The stream was deleted. */
  forget(stream: string): void {
    this.#times.forget(stream);
    this.#sequences.delete(stream);
  }

  /** Above all that were given, also when the index was made again while fragments arrived. */
  #nextSequence(stream: string, index: FragmentIndex): number {
    const last = this.#sequences.get(stream) ?? 0;
    let sequence = index.nextSequence(stream);
    if (sequence <= last) {
      index.skipSequence(stream, last);
      sequence = index.nextSequence(stream);
    }
    this.#sequences.set(stream, sequence);
    return sequence;
  }

  async #open(arriving: Arriving, named: { number: string; serverMs: number }): Promise<FragmentWriter> {
    const { files, findStream, restoreFolder } = this.#options;
    const { stream, producerMs } = arriving;
    const open = () => FragmentWriter.open(files.path(stream, named.number), { ...named, producerMs }, arriving);
    try {
      return await open();
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || !findStream(stream)) throw error;
      await restoreFolder(stream);
      return open();
    }
  }

  /** @param arn of the stream that the fragment arrived for */
  async #enterIndex(fragment: Omit<StoredFragment, 'codecKey'>, arn: string | undefined): Promise<StoredFragment> {
    const { streamName, number } = fragment;
    const { index, files, findStream, room } = this.#options;
    try {
      return await index.ask(known => {
        if (findStream(streamName)?.arn !== arn) throw new Error('the stream was deleted meanwhile');
        // Found among the files already, if the index was made again since: it counts once.
        room.removed(known.remove(streamName, number));
        return known.add(fragment);
      });
    } catch (error) {
      // The producer will send it again: a file left here would be found at the next start and count twice.
      await rm(files.path(streamName, number), { force: true }).catch(() => undefined);
      throw error;
    }
  }
}

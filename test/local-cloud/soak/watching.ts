// What a viewer makes of the playlists and fragments it gets: whether one is skipped, repeated or changed, whether the
// pictures are those that were sent, in their order, and whether the player would have run dry. Pure.
import { digestOf } from './footage-loop.ts';
import type { ReadPlaylist, Segment } from './playlist.ts';

/** As hls.js does: so many fragments behind the newest. */
const fragmentsBehindLive = 3;

export type WatchFaults = {
  /** Left the list before the viewer could fetch it. */
  skipped: number;
  /** The list went back, or named another fragment in a place than before. */
  wentBack: number;
  changed: number;
  /** Pictures of no fragment that was sent, or in another order. */
  wrongBytes: number;
  outOfOrder: number;
  /** Times the player had nothing to show, and for how long in all. */
  stalls: number;
  stalledMs: number;
};

export class Watching {
  readonly faults: WatchFaults = {
    ...{ skipped: 0, wentBack: 0, changed: 0, wrongBytes: 0, outOfOrder: 0, stalls: 0, stalledMs: 0 },
  };
  readonly #digests: readonly string[];
  /** By media sequence number, of what is or was listed. */
  readonly #known = new Map<number, string>();
  #firstListed = 0;
  #next: number | undefined;
  #lastDigest: number | undefined;
  #bufferedUntilMs: number | undefined;

  /** @param digests of the fragments that are sent over and over, in their order */
  constructor(digests: readonly string[]) {
    this.#digests = digests;
  }

  /** What of the list is to be fetched now. */
  listed({ segments }: ReadPlaylist): Segment[] {
    const first = segments[0]?.sequence ?? this.#firstListed;
    if (first < this.#firstListed) this.faults.wentBack++;
    this.#firstListed = first;
    for (const { sequence, uri } of segments) {
      const known = this.#known.get(sequence);
      if (known !== undefined && known !== uri) this.faults.changed++;
      this.#known.set(sequence, uri);
    }
    const next = this.#next ?? segments.at(-fragmentsBehindLive)?.sequence ?? first;
    if (next < first) {
      this.faults.skipped += first - next;
      this.#lastDigest = undefined;
    }
    const wanted = segments.filter(({ sequence }) => sequence >= next);
    this.#next = Math.max(next, (segments.at(-1)?.sequence ?? -1) + 1);
    return wanted;
  }

  /** @param nowMs when the last byte of the fragment was there */
  fetched({ seconds }: Segment, bytes: Uint8Array, nowMs: number): void {
    const place = this.#digests.indexOf(digestOf(mediaData(bytes)));
    if (place < 0) this.faults.wrongBytes++;
    else if (this.#lastDigest !== undefined && place !== (this.#lastDigest + 1) % this.#digests.length)
      this.faults.outOfOrder++;
    this.#lastDigest = place < 0 ? undefined : place;
    const buffered = this.#bufferedUntilMs ?? nowMs;
    if (buffered < nowMs) {
      this.faults.stalls++;
      this.faults.stalledMs += nowMs - buffered;
    }
    this.#bufferedUntilMs = Math.max(buffered, nowMs) + seconds * 1000;
  }
}

/** The content of the `mdat` boxes; nothing when the bytes are no whole boxes. */
function mediaData(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const size = start + 8 <= bytes.length ? view.getUint32(start) : 0;
    if (size < 8 || start + size > bytes.length) return [];
    const type = Buffer.from(bytes.subarray(start + 4, start + 8)).toString('latin1');
    if (type === 'mdat') found.push(bytes.subarray(start + 8, start + size));
    start += size;
  }
  return found;
}

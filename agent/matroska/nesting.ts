// Which segment and cluster the reader is in, and which elements may follow there. Only these two are entered;
// everything else is taken as a whole or skipped.
import { unknownSize } from './ebml.ts';
import { ids, levelOf } from './elements.ts';
import { invalid } from './matroska-error.ts';

export class Nesting {
  /** Stream offsets at which the open segment and cluster end; undefined when none is open. */
  #segmentEnd: number | undefined;
  #clusterEnd: number | undefined;
  #sawEbmlHeader = false;

  /**
   * Accepts the element whose header was just read, closing a cluster or segment of unknown size it cannot be part of.
   * @param offset of the element's first byte
   * @param dataOffset of its payload
   * @throws AgentError `matroska-invalid` when it does not belong here or is larger than what it is in
   */
  enter(id: number, offset: number, dataOffset: number, sizeBytes: number): void {
    this.#leaveUnknownSized(id);
    this.#requirePlace(id, offset);
    if (sizeBytes === unknownSize && id !== ids.segment && id !== ids.cluster) {
      throw invalid(offset, 'an element of unknown size that must have one');
    }
    const parentEnd = this.#parentEnd;
    if (sizeBytes !== unknownSize && dataOffset + sizeBytes > parentEnd) {
      throw invalid(offset, 'an element larger than the one it is in');
    }
    if (id === ids.segment) this.#segmentEnd = dataOffset + sizeBytes;
    // A cluster of unknown size in a segment of known size ends with it at the latest.
    else if (id === ids.cluster) this.#clusterEnd = Math.min(dataOffset + sizeBytes, parentEnd);
    else if (id === ids.ebml) this.#sawEbmlHeader = true;
  }

  /** Closes what ends at `offset`, where an element ended. */
  leave(offset: number): void {
    if (this.#clusterEnd === offset) this.#clusterEnd = undefined;
    if (this.#segmentEnd === offset) this.#segmentEnd = undefined;
  }

  /** True when the stream may end here: nothing of known size is open. */
  get mayEnd(): boolean {
    return this.#parentEnd === unknownSize;
  }

  get #parentEnd(): number {
    return this.#clusterEnd ?? this.#segmentEnd ?? unknownSize;
  }

  #leaveUnknownSized(id: number): void {
    const level = levelOf(id);
    if (this.#clusterEnd === unknownSize && (level === 'segment' || level === 'top')) this.#clusterEnd = undefined;
    if (this.#clusterEnd === undefined && this.#segmentEnd === unknownSize && level === 'top') {
      this.#segmentEnd = undefined;
    }
  }

  #requirePlace(id: number, offset: number): void {
    if (!this.#sawEbmlHeader && id !== ids.ebml) throw invalid(offset, 'it does not begin as Matroska');
    const parent = this.#clusterEnd !== undefined ? 'cluster' : this.#segmentEnd !== undefined ? 'segment' : 'top';
    const level = levelOf(id);
    const belongs = level === parent || level === 'global' || (level === 'unknown' && parent !== 'top');
    if (!belongs) throw invalid(offset, `element ${id.toString(16)} where it does not belong`);
  }
}

// Counts units that are lost because packets of them are: each once, though several of its packets may be missing, and
// none that is whole.

export class UnitLoss {
  lostUnits = 0;
  #open = false;
  #damaged = false;
  /** Packets are missing before the unit, or in it. Whoever joins does not know what was before. */
  #afterGap = true;
  /** A gap between units was counted as a loss already: it may be this unit's beginning that is missing. */
  #accountedFor = true;

  get damaged(): boolean {
    return this.#damaged;
  }

  get afterGap(): boolean {
    return this.#afterGap;
  }

  /**
   * A packet comes, before anything is done with it.
   * @param isNext it does not belong to the unit of the packet before it
   * @returns whether what has come of the unit is worth nothing any more
   */
  notePacket(missing: number, isNext: boolean): boolean {
    const worthless = this.#open && (isNext || missing > 0);
    if (missing > 0 && !this.#open) {
      this.lostUnits++;
      this.#accountedFor = true;
    }
    if (worthless) this.#damaged = true;
    if (worthless && isNext) this.end();
    this.#afterGap ||= missing > 0;
    return worthless;
  }

  /** A unit begins that has not all come yet, or goes on. */
  begin(): void {
    this.#open = true;
  }

  damage(): void {
    this.#open = true;
    this.#damaged = true;
  }

  /** The unit, if one began, is over, whole or not. */
  end(): void {
    if (!this.#open) return;
    if (this.#damaged && !this.#accountedFor) this.lostUnits++;
    this.#open = false;
    this.#damaged = false;
    this.#afterGap = false;
    this.#accountedFor = false;
  }
}

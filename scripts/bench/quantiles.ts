// What is reported of many measurements.

/** The value below which the share `quantile` of `values` lies; NaN of nothing. */
export function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN;
}

export function medianOf(values: readonly number[]): number {
  return quantileOf(values, 0.5);
}

/** Figures are compared by people: three significant digits are all there is in them. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

// The small grey picture in which motion is looked for.

/** Cells. Coarse, so that noise and leaves average out; a person across a room covers a few per cent. */
export const raster = { width: 64, height: 36 } as const;

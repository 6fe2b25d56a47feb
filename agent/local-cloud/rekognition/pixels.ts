// A decoded picture.

/** Four bytes a pixel, row by row. */
export type Pixels = { width: number; height: number; rgba: Uint8Array };

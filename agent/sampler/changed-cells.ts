// Where a picture differs from what is usually there. Pure.
import type { Box } from '../../shared/sighting.ts';
import { raster } from './raster.ts';

export class ChangedCells {
  readonly #cells: Uint8Array;
  /** Nothing is known of this scene yet, so every cell counts as changed. */
  readonly newScene: boolean;

  /** One byte a cell of the raster, row by row: 1 where it changed. */
  constructor(cells: Uint8Array, newScene = false) {
    this.#cells = cells;
    this.newScene = newScene;
  }

  /** Of all cells, those that changed: 0–1. */
  share(): number {
    return this.#cells.reduce((sum, cell) => sum + cell, 0) / this.#cells.length;
  }

  /** Of the box, the part that changed: 0–1. Cells count by how much of them lies in the box. */
  within({ left, top, width, height }: Box): number {
    let [changed, all] = [0, 0];
    const [right, bottom] = [(left + width) * raster.width, (top + height) * raster.height];
    const [firstColumn, firstRow] = [left * raster.width, top * raster.height];
    for (let row = Math.max(0, Math.floor(firstRow)); row < Math.min(raster.height, bottom); row++) {
      const down = Math.min(bottom, row + 1) - Math.max(firstRow, row);
      for (let column = Math.max(0, Math.floor(firstColumn)); column < Math.min(raster.width, right); column++) {
        const part = down * (Math.min(right, column + 1) - Math.max(firstColumn, column));
        all += part;
        if (this.#cells[row * raster.width + column]) changed += part;
      }
    }
    return all > 0 ? changed / all : 0;
  }

  /** Around all cells that changed; specks only when there is nothing else. Undefined when nothing changed. */
  bounds(): Box | undefined {
    return boundsOf(this.#cells, cell => this.#hasNeighbour(cell)) ?? boundsOf(this.#cells, () => true);
  }

  #hasNeighbour(cell: number): boolean {
    const column = cell % raster.width;
    const beside = (offset: number) => column + offset >= 0 && column + offset < raster.width;
    return [-1, 0, 1].some(down =>
      [-1, 0, 1].some(
        across =>
          (down !== 0 || across !== 0) && beside(across) && this.#cells[cell + down * raster.width + across] === 1,
      ),
    );
  }
}

function boundsOf(cells: Uint8Array, counts: (cell: number) => boolean): Box | undefined {
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
  cells.forEach((changed, cell) => {
    if (!changed || !counts(cell)) return;
    const [column, row] = [cell % raster.width, Math.floor(cell / raster.width)];
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row + 1);
  });
  if (right === 0) return undefined;
  const [width, height] = [(right - left) / raster.width, (bottom - top) / raster.height];
  return { left: left / raster.width, top: top / raster.height, width, height };
}

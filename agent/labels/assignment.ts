// Which of the rows goes with which of the columns so that the sum of the costs is smallest (Hungarian method, with potentials).
// Pure. Rows may stay alone, at a price: a pair that costs more than that is never made, whatever it would bring to others.

/** `costs[row][column]`, `Infinity` for pairs that must not be; `alone` is what a row without a column costs. */
export type AssignmentInput = { costs: readonly (readonly number[])[]; columns: number; alone: number };

/** The column of each row, -1 for one that stays alone. Takes rows² × (rows + columns) steps. */
export function assign({ costs, columns, alone }: AssignmentInput): number[] {
  const rows = costs.length;
  // Each row has a column of its own to be alone in; forbidden pairs cost more than any row alone.
  const costOf = (row: number, column: number): number => {
    if (column >= columns) return column - columns === row ? alone : forbidden;
    return Math.min(forbidden, costs[row]?.[column] ?? forbidden);
  };
  const rowOf = augment({ rows, columns: columns + rows, costOf });
  const columnOf = new Array<number>(rows).fill(-1);
  for (let column = 0; column < columns; column++) {
    const row = rowOf[column] ?? -1;
    if (row >= 0 && costOf(row, column) <= alone) columnOf[row] = column;
  }
  return columnOf;
}

const forbidden = 1e9;

type Matrix = { rows: number; columns: number; costOf: (row: number, column: number) => number };

/** The row of each column, -1 for none. One shortest augmenting path for each row; `columns` ≥ `rows`. */
function augment({ rows, columns, costOf }: Matrix): Int32Array {
  const rowPotential = new Float64Array(rows);
  const columnPotential = new Float64Array(columns + 1);
  // The last column is where the path begins: it holds the row that is looking for a place.
  const start = columns;
  const rowOf = new Int32Array(columns + 1).fill(-1);
  for (let row = 0; row < rows; row++) {
    rowOf[start] = row;
    const shortest = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const before = new Int32Array(columns + 1).fill(start);
    const visited = new Uint8Array(columns + 1);
    let at = start;
    while (rowOf[at] !== -1) {
      visited[at] = 1;
      const from = rowOf[at] ?? 0;
      let step = Number.POSITIVE_INFINITY;
      let next = start;
      for (let column = 0; column < columns; column++) {
        if (visited[column]) continue;
        const reduced = costOf(from, column) - (rowPotential[from] ?? 0) - (columnPotential[column] ?? 0);
        if (reduced < (shortest[column] ?? 0)) {
          shortest[column] = reduced;
          before[column] = at;
        }
        if ((shortest[column] ?? 0) < step) {
          step = shortest[column] ?? 0;
          next = column;
        }
      }
      for (let column = 0; column <= columns; column++) {
        if (visited[column]) {
          const row = rowOf[column] ?? 0;
          rowPotential[row] = (rowPotential[row] ?? 0) + step;
          columnPotential[column] = (columnPotential[column] ?? 0) - step;
        } else shortest[column] = (shortest[column] ?? 0) - step;
      }
      at = next;
    }
    for (; at !== start; at = before[at] ?? start) rowOf[at] = rowOf[before[at] ?? start] ?? -1;
  }
  return rowOf.subarray(0, columns);
}

// Areas of the picture as cells of the motion raster. Pure.
import { raster } from './raster.ts';

/** Corners as fractions of the picture, [x, y], origin top left; edges may cross. */
export type Polygon = readonly (readonly [number, number])[];

/** Points looked at in each cell, along each side. */
const pointsPerSide = 4;
/** A cell mixes all its pixels: a quarter of a swaying tree in it moves it as well. */
const coveredShare = 0.25;

/** One byte a cell: 1 where at least a quarter of it lies in one of the polygons. */
export function maskedCells(polygons: readonly Polygon[]): Uint8Array {
  const masked = new Uint8Array(raster.width * raster.height);
  for (const polygon of polygons) {
    masked.forEach((already, cell) => {
      if (already === 0 && shareWithin(polygon, cell) >= coveredShare) masked[cell] = 1;
    });
  }
  return masked;
}

function shareWithin(polygon: Polygon, cell: number): number {
  const [column, row] = [cell % raster.width, Math.floor(cell / raster.width)];
  let within = 0;
  for (let point = 0; point < pointsPerSide ** 2; point++) {
    const x = (column + ((point % pointsPerSide) + 0.5) / pointsPerSide) / raster.width;
    const y = (row + (Math.floor(point / pointsPerSide) + 0.5) / pointsPerSide) / raster.height;
    if (contains(polygon, x, y)) within++;
  }
  return within / pointsPerSide ** 2;
}

/** By the number of edges to the right of the point. */
function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  polygon.forEach(([x1, y1], index) => {
    const [x2, y2] = polygon[(index + 1) % polygon.length] ?? [x1, y1];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)) inside = !inside;
  });
  return inside;
}

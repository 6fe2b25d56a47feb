// What is to be seen in the two pieces of footage, by hand, in seconds of the file. Made by watching: contact sheets of one frame
// (room) and two frames (street) a second to find the visits, then every frame around each beginning and end. No detector was asked.
// `fromS` is the first frame on which any part of the visitor is in the picture, `toS` the last; right to about 0.1 s. Shadows do
// not count: in the room they lie on the floor for up to half a second longer.

export type Visit = { fromS: number; toS: number; who: string };

export const roomPerson = {
  file: 'room-person.mp4',
  lengthS: 139.4,
  /** People come in at the lower edge, stand at the table, and leave to the right, one at a time. */
  visits: [
    { fromS: 6.0, toS: 19.8, who: 'woman, grey cardigan' },
    { fromS: 22.7, toS: 44.9, who: 'man, black jacket' },
    { fromS: 50.2, toS: 70.0, who: 'woman, fair hair, black clothes' },
    { fromS: 74.5, toS: 86.9, who: 'man, cap and black T-shirt' },
    { fromS: 92.1, toS: 120.0, who: 'woman, dark hair, grey coat' },
    { fromS: 123.4, toS: 136.0, who: 'man, grey shirt, jeans' },
  ] satisfies Visit[],
} as const;

export const streetCars = {
  file: 'street-cars.mp4',
  lengthS: 30.16,
  /** Each drives through the picture, up or down, and none stops. The dark thing at the upper edge is always there. */
  visits: [
    { fromS: 4.4, toS: 8.56, who: 'white car, upwards' },
    { fromS: 14.4, toS: 18.24, who: 'light blue car, downwards' },
    { fromS: 15.0, toS: 19.04, who: 'red car, upwards' },
    { fromS: 25.2, toS: 27.76, who: 'white car, downwards' },
  ] satisfies Visit[],
} as const;

/** Whether any part of a visitor is in the picture. */
export function someoneAt(visits: readonly Visit[], second: number): boolean {
  return visits.some(({ fromS, toS }) => second >= fromS && second <= toS);
}

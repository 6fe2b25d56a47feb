// Addresses of this machine that no other run of the tests uses at the same time: 254 of 127.0.0.0/8 for each process.

const network = `127.${64 + ((process.pid >> 8) % 128)}.${process.pid % 256}`;

/** @param last 1 to 254 */
export function ownAddress(last: number): string {
  return `${network}.${last}`;
}

// A file whose size is known, in one read: node's readFile asks for the size first and for an end of file last, and each
// question waits for a thread.
import { close, open, read } from 'node:fs';

/** @param bytes its size; less is returned when it is shorter. Rejects as the operating system does, ENOENT and others */
export function readWhole(path: string, bytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    open(path, 'r', (error, descriptor) => {
      if (error) {
        reject(error);
        return;
      }
      const finish = (outcome: () => void) => {
        close(descriptor, () => undefined);
        outcome();
      };
      const buffer = Buffer.allocUnsafeSlow(bytes);
      const readFrom = (position: number): void =>
        read(descriptor, buffer, position, bytes - position, position, (failure, count) => {
          if (failure) finish(() => reject(failure));
          else if (count === 0 || position + count === bytes)
            finish(() => resolve(buffer.subarray(0, position + count)));
          else readFrom(position + count);
        });
      readFrom(0);
    });
  });
}

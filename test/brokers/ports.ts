// Ports for programs that cannot choose one themselves and must find theirs again after a restart. They lie below those that
// the system hands out by itself, so that nobody gets one by chance while its program is down, and a claim of a test is seen
// by the tests beside it: it is a socket in the abstract namespace, which ends with the process that made it.
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const first = 20_000;
const count = 12_000;
const tries = 200;

/** Ports on 127.0.0.1 that are this owner's until it lets go of them. */
export class Ports implements Disposable {
  readonly numbers: readonly number[];
  readonly #claims: Server[];

  private constructor(numbers: number[], claims: Server[]) {
    this.numbers = numbers;
    this.#claims = claims;
  }

  static async claim(wanted: number): Promise<Ports> {
    const numbers: number[] = [];
    const claims: Server[] = [];
    for (let tried = 0; numbers.length < wanted; tried++) {
      if (tried >= tries) throw new Error(`There are no ${wanted} free ports between ${first} and ${first + count}.`);
      const port = first + Math.floor(Math.random() * count);
      const claim = await listening({ path: `\0kvs-edge-test-port-${port}` });
      if (!claim) continue;
      const trial = await listening({ host: '127.0.0.1', port });
      trial?.close();
      if (!trial) claim.close();
      else {
        claims.push(claim.unref());
        numbers.push(port);
      }
    }
    return new Ports(numbers, claims);
  }

  [Symbol.dispose](): void {
    for (const claim of this.#claims.splice(0)) claim.close();
  }
}

/** Undefined when somebody else is there. */
async function listening(where: { path: string } | { host: string; port: number }): Promise<Server | undefined> {
  const server = createServer().listen(where);
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}

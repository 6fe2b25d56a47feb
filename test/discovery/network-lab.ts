// Networks of their own for a device and its cameras: namespaces joined by cables (veth pairs), gone after the test.
// Needs root.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);
let made = 0;

/** Undefined when networks can be made here; otherwise why not. */
export async function cannotMakeNetworks(): Promise<string | undefined> {
  try {
    await using lab = new NetworkLab();
    await lab.place();
    return undefined;
  } catch (error) {
    return `no networks can be made here (${error instanceof Error ? error.message.trim().split('\n').at(-1) : error})`;
  }
}

/** One end of a cable: what the interface is called there, and its addresses (`10.1.0.1/24`). */
export type CableEnd = { place: Place; name: string; addresses?: string[] };

export class NetworkLab implements AsyncDisposable {
  readonly #places: Place[] = [];

  /** A machine with nothing but its loopback interface. */
  async place(): Promise<Place> {
    const namespace = `kvs-edge-${process.pid}-${++made}`;
    await run('ip', ['netns', 'add', namespace]);
    const place = new Place(namespace);
    this.#places.push(place);
    await place.ip('link', 'set', 'lo', 'up');
    return place;
  }

  async cable(...[one, other]: [CableEnd, CableEnd]): Promise<void> {
    const peer = ['peer', 'name', other.name, 'netns', other.place.namespace];
    await run('ip', ['link', 'add', one.name, 'netns', one.place.namespace, 'type', 'veth', ...peer]);
    for (const { place, name, addresses = [] } of [one, other]) {
      // No wait for whether somebody else has the same IPv6 address.
      await place.set(`net/ipv6/conf/${name}/accept_dad`, 0);
      for (const address of addresses) await place.ip('address', 'add', address, 'dev', name);
      await place.ip('link', 'set', name, 'up');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of this.#places) await place.close();
  }
}

export class Place {
  readonly namespace: string;
  readonly #children: ChildProcess[] = [];

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** `ip` in this place. */
  async ip(...args: string[]): Promise<void> {
    await run('ip', ['-n', this.namespace, ...args]);
  }

  /** A setting of its kernel, below /proc/sys. */
  async set(name: string, value: number): Promise<void> {
    await this.run('sh', '-c', `echo ${value} > /proc/sys/${name}`);
  }

  /** Resolves with what it printed. Rejects when it fails. */
  async run(program: string, ...args: string[]): Promise<string> {
    return (await run('ip', ['netns', 'exec', this.namespace, program, ...args])).stdout;
  }

  /** Runs a script of this project until the end of the lab. Resolves when it has printed its first line. */
  async start(script: string, ...args: string[]): Promise<void> {
    const command = ['netns', 'exec', this.namespace, process.execPath, script, ...args];
    const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
    ]);
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await run('ip', ['netns', 'del', this.namespace]);
  }
}

// What all brokers of the tests have in common: a folder of their own, ports that stay theirs, and an end that leaves nothing.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceCertificates } from '../aws/device-certificates.ts';
import { Ports } from './ports.ts';
import type { Program } from './program.ts';

export type User = { username: string; password: string };

/** Before anything runs. */
export type Place = {
  /** The broker's settings and all that it stores. */
  folder: string;
  ports: Ports;
  /** `ca.pem`; `server.pem` for 127.0.0.1; each with its `.key`. More can be issued. */
  certificates: DeviceCertificates;
};

export async function brokerPlace(name: string, portCount: number): Promise<Place> {
  const ports = await Ports.claim(portCount);
  const folder = await mkdtemp(join(tmpdir(), `kvs-edge-${name}-`));
  return { folder, ports, certificates: new DeviceCertificates() };
}

/** A real broker on 127.0.0.1 that serves. Use it with `await using`. */
export class Broker implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly folder: string;
  readonly certificates: DeviceCertificates;
  readonly #ports: Ports;
  readonly #programs: readonly Program[];

  /** @param programs in the order in which they start */
  constructor({ folder, ports, certificates }: Place, programs: readonly Program[]) {
    this.folder = folder;
    this.certificates = certificates;
    this.#ports = ports;
    this.#programs = programs;
  }

  /** All that it may listen on. */
  get ports(): readonly number[] {
    return this.#ports.numbers;
  }

  /** The last of what it logged, across restarts. */
  get log(): string {
    return this.#programs.map(({ said }) => said).join('');
  }

  /** Starts it again, with its ports and what it stored. */
  async start(): Promise<void> {
    for (const program of this.#programs) await program.start();
  }

  /** Asks it to stop and waits until it has stored everything and is gone. */
  async stop(): Promise<void> {
    for (const program of this.#programs.toReversed()) await program.end('SIGTERM');
  }

  /** As a power cut or `kill -9`: what it had not stored is lost. */
  async kill(): Promise<void> {
    for (const program of this.#programs.toReversed()) await program.end('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#ports[Symbol.dispose]();
    this.certificates[Symbol.dispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Its first start: a broker that does not get ready leaves nothing behind either. */
  protected async begin(): Promise<this> {
    try {
      await this.start();
      return this;
    } catch (cause) {
      await this[Symbol.asyncDispose]();
      throw cause;
    }
  }
}

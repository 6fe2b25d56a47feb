// Proof that nothing went elsewhere: every connection this process tries, whoever makes it, and a server at another
// address on the device's own port, which sees what other threads try.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export type Witness = {
  /** Addresses connected to, each once. */
  addresses(): string[];
  /** Connections of this process that are still open. */
  open(): number;
  /** Connections that came to the address beside the device's so far. It makes one itself, which every earlier one precedes. */
  strangers(): Promise<number>;
};

/** `elsewhere` is where hostile devices point to. */
export const elsewhere = '127.0.0.2';

export async function witness(port: number): Promise<Witness> {
  const tried = new Set<string>();
  const sockets = new Set<Socket>();
  const watch = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    sockets.add(socket);
    socket.on('connectionAttempt', (ip: string) => tried.add(ip));
  };
  subscribe('net.client.socket', watch);
  let strangers = 0;
  const server = createServer(socket => {
    strangers++;
    socket.destroy();
  });
  await new Promise<void>(resolve => server.listen(port, elsewhere, resolve));
  onTestFinished(() => {
    unsubscribe('net.client.socket', watch);
    server.close();
  });
  let own = 0;
  const comers = async () => {
    own++;
    const last = connect(port, elsewhere).on('error', () => undefined);
    await once(last, 'close');
    return strangers - own;
  };
  const open = () => [...sockets].filter(socket => !socket.destroyed).length;
  return { addresses: () => [...tried], strangers: comers, open };
}

/** Runs the work and tells how long it took and by how much memory grew at the most, in bytes. */
export async function measured<T>(work: () => Promise<T>): Promise<{ result: T; tookMs: number; grewBytes: number }> {
  const before = process.memoryUsage().rss;
  let peak = before;
  const look = () => {
    peak = Math.max(peak, process.memoryUsage().rss);
  };
  const timer = setInterval(look, 5);
  const startMs = performance.now();
  try {
    const result = await work();
    look();
    return { result, tookMs: performance.now() - startMs, grewBytes: peak - before };
  } finally {
    clearInterval(timer);
  }
}

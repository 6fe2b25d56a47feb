// What of a broker is there: looked up in /proc and by connecting, not by what its harness believes.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Broker } from './broker.ts';

type Remains = { processes: string[]; ports: number[]; folder: boolean };
export const nothing: Remains = { processes: [], ports: [], folder: false };

/**
 * Processes whose command line or environment names its folder, and ports of its that somebody listens on. Poll it: a helper
 * of RabbitMQ ends a moment after what it helped was killed.
 */
export async function leftBehind({ folder, ports }: Pick<Broker, 'folder' | 'ports'>): Promise<Remains> {
  const open = await Promise.all(ports.map(async port => ((await answers(port)) ? [port] : [])));
  return { processes: processesOf(folder).map(({ line }) => line), ports: open.flat(), folder: existsSync(folder) };
}

/** What its processes listen on, as `127.0.0.1:1883`. */
export function listeners({ folder }: Pick<Broker, 'folder'>): string[] {
  const pids = new Set(processesOf(folder).map(({ pid }) => pid));
  const lines = execFileSync('ss', ['-Hltnp'], { encoding: 'utf8' }).split('\n');
  return lines
    .filter(line => [...line.matchAll(/\bpid=(\d+)/g)].some(([, pid]) => pids.has(Number(pid))))
    .map(line => line.split(/\s+/)[3] ?? '');
}

function processesOf(folder: string): { pid: number; line: string }[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      const line = read(`/proc/${name}/cmdline`);
      if (!`${line}\0${read(`/proc/${name}/environ`)}`.includes(folder)) return [];
      return [{ pid: Number(name), line: line.replaceAll('\0', ' ').trim() }];
    });
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Empty for a process that is gone or somebody else's. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

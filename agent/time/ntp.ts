// What the machine itself says about its clock. Node.js cannot ask the kernel, so whoever keeps the time is asked:
// systemd, which reads the kernel's flag whatever sets it, then chrony; in a container, a file of systemd's if it is there.
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { NtpState } from './clock-trust.ts';

export type NtpProbe = {
  /** Standard output; undefined when the program is missing, fails or takes too long. */
  run(program: string, args: string[]): Promise<string | undefined>;
  exists(path: string): Promise<boolean>;
};

const timesyncFile = '/run/systemd/timesync/synchronized';
const timeoutMs = 2_000;

export const machineNtp: NtpProbe = {
  async run(program, args) {
    const options = {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 65_536,
      env: { ...process.env, LC_ALL: 'C' },
    } as const;
    return promisify(execFile)(program, args, options).then(
      ({ stdout }) => stdout,
      () => undefined,
    );
  },
  exists: path =>
    access(path).then(
      () => true,
      () => false,
    ),
};

/** Never rejects; takes some seconds at most. */
export async function readNtp(probe: NtpProbe): Promise<NtpState> {
  const systemd = (await probe.run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']))?.trim();
  if (systemd === 'yes') return 'synchronized';
  if (systemd === 'no') return 'unsynchronized';
  const chrony = await probe.run('chronyc', ['-n', 'tracking']);
  if (chrony !== undefined)
    return /^Leap status\s*:\s*Not synchronised/m.test(chrony) ? 'unsynchronized' : 'synchronized';
  return (await probe.exists(timesyncFile)) ? 'was-synchronized' : 'unknown';
}

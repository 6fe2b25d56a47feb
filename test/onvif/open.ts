// Opens the agent's client on a scripted device, with what tests want to leave out.
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { type OnvifDevice, type OnvifOptions, openOnvif } from '../../agent/onvif/onvif-device.ts';
import { Secret } from '../../agent/secret.ts';
import { UnhurriedClock } from '../unhurried-clock.ts';

export type OpenOptions = Partial<Omit<OnvifOptions, 'password' | 'address'>> & { password?: string };

export function open({ address }: { address: string }, options: OpenOptions = {}): Promise<OnvifDevice> {
  const { password, ...rest } = options;
  const secret = password === undefined ? undefined : new Secret(password);
  return openOnvif({ address, clock: systemClock, random: Math.random, deadlineMs: 30_000, ...rest, password: secret });
}

/** For deadlines of less than a second that only the device itself is to miss. */
export function unhurried(): Clock {
  const clock = new UnhurriedClock();
  onTestFinished(() => clock[Symbol.dispose]());
  return clock;
}

/** What a promise rejected with. */
export async function problemOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    value => ({ resolvedWith: value }),
    (error: unknown) => error,
  );
}

// Opens the agent's client on a scripted device, with what tests want to leave out.
import { systemClock } from '../../agent/clock.ts';
import { type OnvifDevice, type OnvifOptions, openOnvif } from '../../agent/onvif/onvif-device.ts';
import { Secret } from '../../agent/secret.ts';

export type OpenOptions = Partial<Omit<OnvifOptions, 'password' | 'address'>> & { password?: string };

export function open({ address }: { address: string }, options: OpenOptions = {}): Promise<OnvifDevice> {
  const { password, ...rest } = options;
  const secret = password === undefined ? undefined : new Secret(password);
  return openOnvif({ address, clock: systemClock, random: Math.random, deadlineMs: 2_000, ...rest, password: secret });
}

/** What a promise rejected with. */
export async function problemOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    value => ({ resolvedWith: value }),
    (error: unknown) => error,
  );
}

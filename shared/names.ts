// Names in the settings, and where their secrets are. Every `error` continues the sentence "<key> …"; see settings.ts.
import { z } from 'zod';

export const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, - and _, 1 to 63 characters')
  .meta({ examples: ['front-door'] });

export const secretReference = z
  .union(
    [
      z.strictObject({ env: z.string().min(1).describe('Name of the environment variable that holds the secret.') }),
      z.strictObject({
        file: z
          .string()
          .min(1)
          .describe('File that holds the secret; one line break at its end is ignored. Relative to this file.'),
      }),
    ],
    { error: 'must name where the secret is, in an environment variable or a file; secrets are not written here' },
  )
  .meta({ examples: [{ env: 'FRONT_DOOR_PASSWORD' }] });

export function hasUserinfo(url: string): boolean {
  return URL.canParse(url) && (new URL(url).username !== '' || new URL(url).password !== '');
}

export function webAddress(example: string) {
  return z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
    .refine(url => !hasUserinfo(url), 'must not contain a user or password')
    .meta({ examples: [example] });
}

/** An address, a range of addresses or a host name; without port. */
export const allowedAddress = z
  .union(
    [
      z.ipv4(),
      z.ipv6(),
      z.cidrv4(),
      z.cidrv6(),
      z
        .string()
        .regex(
          /^(?=.{1,253}$)(?![\d.]+$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i,
        ),
    ],
    { error: 'must be an address, a range such as 10.0.0.0/8, or a host name' },
  )
  .meta({ examples: ['192.168.1.20', '10.0.0.0/8', 'nas.local'] });

export type SecretReference = z.output<typeof secretReference>;

// Settings of a webhook: a signed HTTP POST for each alert.
import { z } from 'zod';
import { allowedAddress, secretReference, webAddress } from '../names.ts';

/** Set by the agent itself for each request. */
const ownHeaders = /^(webhook-.*|content-.*|transfer-encoding|host|connection|keep-alive|upgrade|te|trailer|expect)$/i;

const headerName = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'must be the name of an HTTP header')
  .refine(name => !ownHeaders.test(name), 'is a header that the agent sets itself');

export const webhookSchema = z
  .strictObject({
    url: webAddress('https://example.com/hook').describe('Where alerts are posted. Redirects are not followed.'),
    secret: secretReference
      .describe('Key the alerts are signed with, in the Standard Webhooks form.')
      .meta({ examples: [{ env: 'HOOK_SECRET' }] }),
    secrets: z
      .array(secretReference)
      .max(4)
      .optional()
      .describe('Further keys that each alert is signed with too, while receivers change from one key to the next.')
      .meta({ examples: [[{ env: 'HOOK_SECRET_UNTIL_MAY' }]] }),
    headers: z
      .record(headerName, secretReference)
      .optional()
      .describe('Further headers of each request, such as Authorization, and where their values are.')
      .meta({ examples: [{ Authorization: { env: 'HOOK_AUTHORIZATION' } }] }),
    contentType: z
      .enum(['application/json', 'application/cloudevents+json'])
      .optional()
      .describe('The same event under another name, for receivers that ask for it. Left out: application/json.')
      .meta({ examples: ['application/cloudevents+json'] }),
    still: z
      .enum(['none', 'link', 'attachment'])
      .optional()
      .describe(
        'The picture. link: an address on the console that opens for seven days without signing in; needs web.publicUrl ' +
          'where the console listens on every address. attachment: in the event, up to 512 KiB. Left out: none.',
      )
      .meta({ examples: ['link'] }),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe('Certificates that vouch for the receiver (PEM). Left out: those of Node.js.')
      .meta({ examples: ['./receiver-ca.pem'] }),
    allow: z
      .array(allowedAddress)
      .max(100)
      .optional()
      .describe(
        'Where this webhook may go beside the internet: addresses, ranges and host names on this device and its network. ' +
          'A host name stands for addresses of a private network; this device itself (127.0.0.1) and metadata services of clouds only by their addresses.',
      )
      .meta({ examples: [['192.168.1.20', '10.0.0.0/8', 'nas.local']] }),
  })
  .meta({ examples: [{ url: 'https://example.com/hook', secret: { env: 'HOOK_SECRET' } }] });

export type WebhookSettings = z.output<typeof webhookSchema>;

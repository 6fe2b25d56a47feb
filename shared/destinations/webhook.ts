// Settings of a webhook: a signed HTTP POST for each alert.
import { z } from 'zod';
import { secretReference, webAddress } from '../names.ts';

export const webhookSchema = z
  .strictObject({
    url: webAddress('https://example.com/hook').describe('Where alerts are posted.'),
    secret: secretReference
      .describe('Key the alerts are signed with, in the Standard Webhooks form.')
      .meta({ examples: [{ env: 'HOOK_SECRET' }] }),
  })
  .meta({ examples: [{ url: 'https://example.com/hook', secret: { env: 'HOOK_SECRET' } }] });

export type WebhookSettings = z.output<typeof webhookSchema>;

// What the settings of AMQP and STOMP brokers have in common. Every `error` continues the sentence "<key> …".
import { z } from 'zod';
import { hasUserinfo, secretReference } from '../names.ts';
import { tlsSchema } from './tls.ts';

/** `scheme` without TLS; the one with TLS ends in s. */
export function queueBroker(scheme: 'amqp' | 'stomp', examplePort: number) {
  const example = `${scheme}s://broker.example.com:${examplePort}`;
  return {
    url: z
      .url({
        protocol: new RegExp(`^${scheme}s?$`),
        error: `must be an address that begins with ${scheme}:// or ${scheme}s://`,
      })
      .refine(url => !hasUserinfo(url), 'must not contain a user or password: set username and password beside it')
      .refine(url => URL.canParse(url) && /^\/?$/.test(new URL(url).pathname), 'must end after the port')
      .describe(`Address of the broker; ${scheme}s:// is encrypted.`)
      .meta({ examples: [example] }),
    username: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('User the broker asks for.')
      .meta({ examples: ['kvs-edge'] }),
    password: secretReference.optional().describe('Where the password of that user is.'),
    virtualHost: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Virtual host, for brokers that have several. Left out: the broker’s own choice.')
      .meta({ examples: ['/'] }),
    tls: tlsSchema.optional(),
  };
}

// Settings of a broker that speaks STOMP, such as ActiveMQ.
import { z } from 'zod';
import { queueBroker } from './queue-broker.ts';

export const stompSchema = z
  .strictObject({
    ...queueBroker('stomp', 61_614),
    to: z
      .string()
      .min(1)
      .max(256)
      .regex(/^[^\p{Cc}]+$/u, 'must be one line')
      .describe('Where alerts go, as the broker names it: /queue/alerts or /topic/alerts.')
      .meta({ examples: ['/queue/alerts'] }),
  })
  .meta({ examples: [{ url: 'stomps://broker.example.com:61614', to: '/queue/alerts' }] });

export type StompSettings = z.output<typeof stompSchema>;

// Settings of a broker that speaks AMQP 1.0.
import { z } from 'zod';
import { queueBroker } from './queue-broker.ts';

export const amqpSchema = z
  .strictObject({
    ...queueBroker('amqp', 5671),
    address: z
      .string()
      .min(1)
      .max(256)
      .describe(
        'Where alerts go, as the broker names it: /queue/alerts (RabbitMQ), queue://alerts (ActiveMQ), alerts (Service Bus).',
      )
      .meta({ examples: ['/queue/alerts'] }),
  })
  .meta({ examples: [{ url: 'amqps://broker.example.com:5671', address: '/queue/alerts' }] });

export type AmqpSettings = z.output<typeof amqpSchema>;

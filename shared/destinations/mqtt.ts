// Settings of an MQTT broker: where alerts and states are published, and what may be commanded through it.
// Every `error` continues the sentence "<key> …"; see settings.ts.
import { z } from 'zod';
import { hasUserinfo, id, secretReference } from '../names.ts';
import { tlsSchema } from './tls.ts';

const schemes = /^(mqtts?|wss?):\/\/./;

/** Names in braces that a template may have, in the order in which sentences list them. */
function template(names: readonly string[]) {
  const known = new RegExp(`^([^{}+#\\p{Cc}]|\\{(${names.join('|')})\\})+$`, 'u');
  const rule = `must be a topic of at most 200 characters, without + and #, that does not begin with $ or /; in braces only ${names.join(', ')}`;
  return z
    .string()
    .max(200, rule)
    .regex(known, rule)
    .refine(text => !/^[$/]/.test(text), rule);
}

const plainTopic = z
  .string()
  .max(200)
  .regex(/^[^+#\p{Cc}]+$/u, 'must be a topic without + and #');

const light = z
  .strictObject({
    topic: plainTopic
      .describe('Where the light takes its commands.')
      .meta({ examples: ['zigbee2mqtt/hall/set', 'cmnd/hall/POWER'] }),
    on: z
      .string()
      .min(1)
      .max(1000)
      .default('ON')
      .describe('What switches it on.')
      .meta({ examples: ['{"state":"ON"}'] }),
    off: z
      .string()
      .min(1)
      .max(1000)
      .default('OFF')
      .describe('What switches it off.')
      .meta({ examples: ['{"state":"OFF"}'] }),
    offAfterSeconds: z
      .number()
      .min(0)
      .max(86_400)
      .default(60)
      .describe('It is switched off when no rule that sends here has been active for so long.'),
  })
  .describe(
    'Switch a light instead: on while a rule that sends here is active. No alerts or states are published then.',
  )
  .meta({ examples: [{ topic: 'zigbee2mqtt/hall/set', on: '{"state":"ON"}', off: '{"state":"OFF"}' }] });

const homeAssistant = z
  .strictObject({
    prefix: plainTopic
      .default('homeassistant')
      .describe('Prefix of discovery, as Home Assistant’s MQTT settings have it.'),
  })
  .describe('Announce the cameras and rules to Home Assistant, which then shows them by itself.')
  .meta({ examples: [{ prefix: 'homeassistant' }] });

export const mqttSchema = z
  .strictObject({
    url: z
      .url({ error: 'must be an address that begins with mqtt://, mqtts://, ws:// or wss://' })
      .regex(schemes, 'must be an address that begins with mqtt://, mqtts://, ws:// or wss://')
      .refine(url => !hasUserinfo(url), 'must not contain a user or password: set username and password beside it')
      .describe(
        'Where the broker is: mqtt:// over TCP (1883), mqtts:// over TLS (8883), ws:// and wss:// over WebSocket.',
      )
      .meta({ examples: ['mqtts://broker.example.com:8883', 'wss://broker.example.com/mqtt'] }),
    version: z
      .literal(['3.1.1', 5])
      .optional()
      .describe('Version of MQTT. Left out: 5, and 3.1.1 with brokers that do not know it.'),
    username: z
      .string()
      .min(1)
      .optional()
      .describe('User the broker asks for.')
      .meta({ examples: ['cameras'] }),
    password: secretReference.optional().describe('Where the password of that user is.'),
    clientId: z
      .string()
      .regex(/^[\w:.=@-]{1,128}$/, 'must be letters, digits and _ : . = @ -, at most 128 characters')
      .optional()
      .describe('Name of this connection to the broker, which no other may have. Left out: one made for this device.')
      .meta({ examples: ['harbour-7'] }),
    tls: tlsSchema.optional(),
    keepAliveSeconds: z
      .int()
      .min(5)
      .max(1200)
      .default(30)
      .describe('A broker that has been silent for one and a half times this counts as gone.'),
    site: id
      .optional()
      .describe('The {site} of topics. Each agent at a broker needs its own. Left out: made of siteName.')
      .meta({ examples: ['harbour'] }),
    topic: template(['site', 'camera', 'rule'])
      .default('kvs-edge/{site}/{camera}/{rule}/alert')
      .describe('Where an alert is published. Alerts about the device have `device` for their camera.'),
    expirySeconds: z
      .int()
      .min(1)
      .max(4_294_967_295)
      .optional()
      .describe('With MQTT 5: the broker forgets an alert that a receiver has not taken within so long.')
      .meta({ examples: [86_400] }),
    states: z
      .boolean()
      .default(true)
      .describe(
        'Also keep at the broker, retained: what holds now, of this device, each camera and each rule that sends here.',
      ),
    base: template(['site']).default('kvs-edge/{site}').describe('Where the topics of states and commands begin.'),
    commands: z
      .boolean()
      .default(false)
      .describe('Take commands from the broker: whoever may publish below base can then snooze rules and cameras.'),
    homeAssistant: homeAssistant.optional(),
    light: light.optional(),
  })
  .refine(({ username, password }) => username !== undefined || password === undefined, {
    path: ['username'],
    error: 'must stand beside a password',
  })
  .refine(({ url, tls }) => tls === undefined || /^(mqtts|wss):/.test(url), {
    path: ['tls'],
    error: 'needs an address that begins with mqtts:// or wss://',
  })
  .refine(({ states, homeAssistant }) => states || homeAssistant === undefined, {
    path: ['homeAssistant'],
    error: 'needs states: true, which it shows',
  })
  .describe('Alerts and states for an MQTT broker, commands back.')
  .meta({ examples: [{ url: 'mqtts://broker.example.com', username: 'cameras', password: { env: 'MQTT_PASSWORD' } }] });

export type MqttSettings = z.output<typeof mqttSchema>;
export type LightSettings = z.output<typeof light>;

// From the settings to what MQTT.js connects with: address, TLS, version, last will.
import type { IClientOptions } from 'mqtt';
import type { MqttSettings } from '../../../shared/destinations/mqtt.ts';
import type { Secret } from '../../secret.ts';
import { tlsFiles } from '../sinks/broker-tls.ts';

/** MQTT.js calls 3.1.1 by its number on the wire. */
export type ProtocolVersion = 4 | 5;

export type Will = { topic: string; payload: string };

export type BrokerAccess = {
  settings: Pick<MqttSettings, 'url' | 'username' | 'tls' | 'keepAliveSeconds'>;
  password?: Secret | undefined;
  clientId: string;
  /** Retained; left to the broker for the case that this side vanishes. */
  will?: Will | undefined;
  /** Names the broker in errors: `broker of home`. */
  broker: string;
};

/** The longest message a broker may send: commands are short. */
export const longestIncomingBytes = 65_536;

const webSocketPatienceMs = 10_000;

/** @throws AgentError `delivery-refused` for a file that cannot be read */
export async function brokerOptions(access: BrokerAccess, version: ProtocolVersion): Promise<IClientOptions> {
  const { settings, password, clientId, will, broker } = access;
  const { url, username, keepAliveSeconds } = settings;
  const tls = await tlsFiles(settings.tls, broker);
  return {
    ...addressOf(url),
    ...tls,
    // For WebSockets MQTT.js passes on neither `servername` nor limits.
    wsOptions: { ...tls, handshakeTimeout: webSocketPatienceMs, maxPayload: 2 * longestIncomingBytes },
    protocolVersion: version,
    clientId,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    keepalive: keepAliveSeconds,
    ...(will ? { will: { ...will, payload: Buffer.from(will.payload), qos: 1, retain: true } } : {}),
    ...(version === 5 ? { properties: { maximumPacketSize: longestIncomingBytes } } : {}),
    // The outbox and the retained states are what is sent again; nothing is from the client's memory.
    ...{ clean: true, reconnectPeriod: 0, resubscribe: false, queueQoSZero: false },
    // A table of all 65,536 numbers is no gain for a few messages a second.
    writeCache: false,
  };
}

function addressOf(url: string): Pick<IClientOptions, 'protocol' | 'host' | 'port' | 'path'> {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const scheme = schemes[protocol] ?? 'mqtts';
  const isWebSocket = scheme === 'ws' || scheme === 'wss';
  return {
    protocol: scheme,
    // A WebSocket's address is put together from it, a socket's is not.
    host: isWebSocket ? hostname : hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port === '' ? {} : { port: Number(port) }),
    ...(isWebSocket ? { path: `${pathname}${search}` } : {}),
  };
}

const schemes: Record<string, 'mqtt' | 'mqtts' | 'ws' | 'wss'> = {
  'mqtt:': 'mqtt',
  'mqtts:': 'mqtts',
  'ws:': 'ws',
  'wss:': 'wss',
};

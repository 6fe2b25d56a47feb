// Debian's RabbitMQ as a broker of a test: AMQP 1.0 and 0-9-1, STOMP, and MQTT over TCP and WebSockets. It runs as whoever runs
// the tests, with an epmd (Erlang's directory of nodes) of its own, and nothing of the machine's settings.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceCertificates } from '../aws/device-certificates.ts';
import type { AmqpAccess } from './amqp-observer.ts';
import { Broker, brokerPlace, type Place, type User } from './broker.ts';
import type { MqttAccess } from './mqtt-observer.ts';
import { Program } from './program.ts';
import type { StompAccess } from './stomp-connection.ts';

/** Not the one in the PATH, which insists on being root or the user rabbitmq. */
const server = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** Skip with `describe.skipIf(isRabbitMissing)`. */
export const isRabbitMissing = !existsSync(server);
if (isRabbitMissing) console.warn('The tests with RabbitMQ are skipped: rabbitmq-server is missing.');

export type RabbitOptions = {
  /** The only user there is. */
  user?: User;
  /** Whether it speaks MQTT, too. Its first start then takes six seconds longer: RabbitMQ waits for others to join it. */
  mqtt?: boolean;
  /** Further lines of rabbitmq.conf. */
  settings?: readonly string[];
};

const portNames = [
  ...(['amqpPort', 'amqpTlsPort', 'stompPort', 'stompTlsPort'] as const),
  ...(['mqttPort', 'mqttTlsPort', 'wsPort', 'wssPort', 'distributionPort', 'epmdPort'] as const),
];
type RabbitPorts = Record<(typeof portNames)[number], number>;

/** A client over TLS needs no certificate; one that it shows must be of the authority's. */
export class Rabbit extends Broker {
  readonly amqpPort: number;
  readonly amqpTlsPort: number;
  readonly stompPort: number;
  readonly stompTlsPort: number;
  /** Nobody listens on this and the following ones without `mqtt`. */
  readonly mqttPort: number;
  readonly mqttTlsPort: number;
  /** WebSockets, at the path `/ws`. */
  readonly wsPort: number;
  readonly wssPort: number;
  readonly epmdPort: number;
  readonly user: User;

  private constructor(place: Place, { user, ports }: Identity) {
    super(place, [epmd(place.folder, ports), node(place.folder, ports)]);
    this.amqpPort = ports.amqpPort;
    this.amqpTlsPort = ports.amqpTlsPort;
    this.stompPort = ports.stompPort;
    this.stompTlsPort = ports.stompTlsPort;
    this.mqttPort = ports.mqttPort;
    this.mqttTlsPort = ports.mqttTlsPort;
    this.wsPort = ports.wsPort;
    this.wssPort = ports.wssPort;
    this.epmdPort = ports.epmdPort;
    this.user = user;
  }

  /** How an observer gets in. */
  get stomp(): StompAccess {
    return { port: this.stompPort, user: this.user };
  }

  get amqp(): AmqpAccess {
    return { port: this.amqpPort, user: this.user };
  }

  /** This RabbitMQ does not know MQTT 5, nor quality 2. */
  get mqtt(): MqttAccess {
    return { port: this.mqttPort, user: this.user, version: 'mqttv311' };
  }

  /** @throws {Error} with what RabbitMQ said when it refuses its settings. */
  static async start(options: RabbitOptions = {}): Promise<Rabbit> {
    const { user = { username: 'agent', password: 'a password' }, mqtt = false, settings = [] } = options;
    const place = await brokerPlace('rabbit', portNames.length);
    const { folder, certificates } = place;
    const numbers = portNames.map((name, index) => [name, place.ports.numbers[index]]);
    const identity = { user, ports: Object.fromEntries(numbers) as RabbitPorts, certificates };
    const plugins = ['rabbitmq_amqp1_0', 'rabbitmq_stomp', ...(mqtt ? ['rabbitmq_mqtt', 'rabbitmq_web_mqtt'] : [])];
    await writeFile(join(folder, 'enabled_plugins'), `[${plugins.join(',')}].\n`);
    await writeFile(join(folder, 'no-environment'), '');
    const lines = [...basics(identity), ...(mqtt ? mqttLines(identity) : []), ...settings];
    await writeFile(join(folder, 'rabbitmq.conf'), lines.map(line => `${line}\n`).join(''));
    return await new Rabbit(place, identity).begin();
  }
}

export const startRabbit = Rabbit.start;

type Identity = { user: User; ports: RabbitPorts; certificates: DeviceCertificates };

function basics({ user, ports, certificates }: Identity): string[] {
  return [
    ...[`default_user = ${user.username}`, `default_pass = ${user.password}`, 'amqp1_0.default_user = none'],
    ...[`listeners.tcp.1 = 127.0.0.1:${ports.amqpPort}`, `listeners.ssl.1 = 127.0.0.1:${ports.amqpTlsPort}`],
    ...[`stomp.listeners.tcp.1 = 127.0.0.1:${ports.stompPort}`],
    ...[`stomp.listeners.ssl.1 = 127.0.0.1:${ports.stompTlsPort}`],
    ...tlsLines('ssl_options', certificates),
    ...['ssl_options.verify = verify_peer', 'ssl_options.fail_if_no_peer_cert = false'],
    ...['log.console = true', 'log.console.level = info', 'log.file = false'],
    // Else it refuses all messages on a disk that is nearly full.
    'disk_free_limit.absolute = 1MB',
  ];
}

function mqttLines({ ports, certificates }: Identity): string[] {
  return [
    ...['mqtt.allow_anonymous = false', `mqtt.listeners.tcp.1 = 127.0.0.1:${ports.mqttPort}`],
    `mqtt.listeners.ssl.1 = 127.0.0.1:${ports.mqttTlsPort}`,
    ...['web_mqtt.tcp.ip = 127.0.0.1', `web_mqtt.tcp.port = ${ports.wsPort}`],
    ...['web_mqtt.ssl.ip = 127.0.0.1', `web_mqtt.ssl.port = ${ports.wssPort}`],
    ...tlsLines('web_mqtt.ssl', certificates),
  ];
}

function tlsLines(prefix: string, certificates: DeviceCertificates): string[] {
  const files = { cacertfile: 'ca.pem', certfile: 'server.pem', keyfile: 'server.key' };
  return Object.entries(files).map(([name, file]) => `${prefix}.${name} = ${certificates.path(file)}`);
}

/** With `-d` it says when it listens. Beside its address it takes ::1, too. */
function epmd(folder: string, { epmdPort }: RabbitPorts): Program {
  const line = ['epmd', '-d', '-address', '127.0.0.1', '-port', String(epmdPort)] as const;
  return new Program({ line, folder, ready: /epmd running/ });
}

function node(folder: string, { epmdPort, distributionPort }: RabbitPorts): Program {
  return new Program({
    line: [server],
    folder,
    env: {
      // Makes the script become the server, so that signals reach it.
      detached: 'yes',
      RABBITMQ_NODENAME: 'test@localhost',
      RABBITMQ_CONF_ENV_FILE: join(folder, 'no-environment'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_DIST_PORT: String(distributionPort),
      ERL_EPMD_PORT: String(epmdPort),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false +S 1:1 +A 1',
    },
    ready: /Server startup complete/,
  });
}

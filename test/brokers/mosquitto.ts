// Debian's mosquitto as an MQTT broker of a test. It speaks MQTT 3.1, 3.1.1 and 5 over TCP and TLS; Debian builds it without
// WebSockets, which RabbitMQ has.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Broker, brokerPlace, type Place, type User } from './broker.ts';
import type { MqttAccess } from './mqtt-observer.ts';
import { Program } from './program.ts';

/** Skip with `describe.skipIf(isMosquittoMissing)`. */
export const isMosquittoMissing = !existsSync('/usr/sbin/mosquitto') || !existsSync('/usr/bin/mosquitto_sub');
if (isMosquittoMissing)
  console.warn('The tests with mosquitto are skipped: mosquitto or mosquitto-clients is missing.');

export type MosquittoOptions = {
  /** Who may sign in. Without any, everybody may. */
  users?: readonly User[];
  /** Whether one needs a certificate of the authority's over TLS (then no password); if not, as over TCP. Default: true. */
  clientCertificates?: boolean;
  /** Further lines of mosquitto.conf, for all listeners: `max_packet_size 1000`. */
  settings?: readonly string[];
};

/** Its certificates have a client's, too: `client.pem` and `client.key`. */
export class Mosquitto extends Broker {
  readonly port: number;
  readonly tlsPort: number;
  /** How an observer gets in: over TCP as the first user. */
  readonly access: MqttAccess;

  private constructor(place: Place, program: Program, user?: User) {
    super(place, [program]);
    const [port = 0, tlsPort = 0] = this.ports;
    this.port = port;
    this.tlsPort = tlsPort;
    this.access = { port, ...(user ? { user } : {}) };
  }

  /** It says that it runs a moment before it does, and a signal that comes in that moment is forgotten. */
  override async start(): Promise<void> {
    await super.start();
    const visitor = connect(this.port, '127.0.0.1');
    // Only its main loop notices that the visitor leaves, and hangs up, too.
    visitor.end();
    await once(visitor.resume(), 'close');
  }

  /** Whether the file has this topic or payload, so that a kill spares it: mosquitto acknowledges before it stores. */
  isStored(text: string): boolean {
    const file = join(this.folder, 'data', 'mosquitto.db');
    return existsSync(file) && readFileSync(file).includes(text);
  }

  /** @throws {Error} with what mosquitto said when it refuses its settings. */
  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const { users = [] } = options;
    const place = await brokerPlace('mosquitto', 2);
    const { folder, certificates } = place;
    certificates.issue('client');
    await mkdir(join(folder, 'data'));
    const file = join(folder, 'mosquitto.conf');
    const passwords = join(folder, 'passwords');
    await writeFile(passwords, '', { mode: 0o600 });
    // Not by `-U`, which cuts passwords at a colon.
    for (const user of users) execFileSync('mosquitto_passwd', ['-b', passwords, user.username, user.password]);
    await writeFile(file, configuration(place, options));
    const program = new Program({ line: ['mosquitto', '-c', file], folder, ready: /mosquitto version \S+ running/ });
    return await new Mosquitto(place, program, users[0]).begin();
  }
}

export const startMosquitto = Mosquitto.start;

function configuration({ folder, ports, certificates }: Place, options: MosquittoOptions): string {
  const { users = [], clientCertificates = true, settings = [] } = options;
  const [port, tlsPort] = ports.numbers;
  return [
    // Started by root it would become the user mosquitto, who may not read this folder.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...['log_dest stderr', 'log_type all', 'set_tcp_nodelay true'],
    // Stored at every change: else a kill would lose all since the start.
    ...['persistence true', `persistence_location ${join(folder, 'data')}/`],
    ...['autosave_on_changes true', 'autosave_interval 1', 'max_queued_messages 0'],
    ...(users.length > 0 ? ['allow_anonymous false', `password_file ${join(folder, 'passwords')}`] : []),
    ...(users.length > 0 ? [] : ['allow_anonymous true']),
    ...settings,
    `listener ${port} 127.0.0.1`,
    ...[`listener ${tlsPort} 127.0.0.1`, `cafile ${certificates.path('ca.pem')}`],
    ...[`certfile ${certificates.path('server.pem')}`, `keyfile ${certificates.path('server.key')}`],
    ...(clientCertificates ? ['require_certificate true', 'use_identity_as_username true'] : []),
    '',
  ].join('\n');
}

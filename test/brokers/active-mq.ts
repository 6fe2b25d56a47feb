// Debian's ActiveMQ as a STOMP broker of a test, over TCP and TLS. Its MQTT, WebSocket and web console lack parts in Debian; it
// is started by Java directly, with nothing of the machine's settings, and listens on nothing else.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Broker, brokerPlace, type Place, type User } from './broker.ts';
import { Program } from './program.ts';
import type { StompAccess } from './stomp-connection.ts';

const home = '/usr/share/activemq';
const jars = ['*', 'optional/{activemq-spring,spring3-*,xbean-spring,commons-*,log4j-1.2,slf4j-log4j12}'];
const storePassword = 'of the key store';

/** Skip with `describe.skipIf(isActiveMqMissing)`. */
export const isActiveMqMissing = !existsSync(`${home}/bin/activemq.jar`) || !existsSync('/usr/bin/java');
if (isActiveMqMissing) console.warn('The tests with ActiveMQ are skipped: activemq or Java is missing.');

export type ActiveMqOptions = {
  /** The only user there is. */
  user?: User;
  /** Further attributes of the element `broker`: `schedulerSupport="true"`. */
  attributes?: string;
};

export class ActiveMq extends Broker {
  readonly port: number;
  readonly tlsPort: number;
  readonly user: User;

  private constructor(place: Place, program: Program, user: User) {
    super(place, [program]);
    const [port = 0, tlsPort = 0] = this.ports;
    this.port = port;
    this.tlsPort = tlsPort;
    this.user = user;
  }

  /** How an observer gets in. */
  get stomp(): StompAccess {
    return { port: this.port, user: this.user };
  }

  /** @throws {Error} with what ActiveMQ said when it refuses its settings. */
  static async start(options: ActiveMqOptions = {}): Promise<ActiveMq> {
    const { user = { username: 'agent', password: 'a password' }, attributes = '' } = options;
    const place = await brokerPlace('activemq', 2);
    const { folder, certificates } = place;
    execFileSync('openssl', [
      ...['pkcs12', '-export', '-in', certificates.path('server.pem'), '-inkey', certificates.path('server.key')],
      ...['-out', join(folder, 'server.p12'), '-passout', `pass:${storePassword}`],
    ]);
    await writeFile(join(folder, 'broker.xml'), configuration(place, user, attributes));
    await writeFile(join(folder, 'log4j.properties'), logging);
    return await new ActiveMq(place, java(folder), user).begin();
  }
}

export const startActiveMq = ActiveMq.start;

function java(folder: string): Program {
  const path = jars.flatMap(name => globSync(`${home}/lib/${name}.jar`));
  const properties = {
    'java.io.tmpdir': folder,
    'java.net.preferIPv4Stack': 'true',
    'log4j.configuration': `file:${join(folder, 'log4j.properties')}`,
    'activemq.home': home,
    'activemq.base': folder,
    'activemq.data': join(folder, 'data'),
  };
  return new Program({
    line: [
      // It lives too briefly for the thorough compiler and for the collectors that use several processors.
      ...(['java', '-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-XX:-UsePerfData'] as const),
      ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
      ...[
        '-cp',
        path.join(':'),
        'org.apache.activemq.console.Main',
        'start',
        `xbean:file:${join(folder, 'broker.xml')}`,
      ],
    ],
    folder,
    ready: /Apache ActiveMQ .* started/,
  });
}

const logging = `log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n
`;

function configuration({ folder, ports }: Place, user: User, attributes: string): string {
  const [port, tlsPort] = ports.numbers;
  return `<beans xmlns="http://www.springframework.org/schema/beans" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd
    http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="test" useJmx="false" advisorySupport="false"
    dataDirectory="${folder}/data" ${attributes}>
    <persistenceAdapter><kahaDB directory="${folder}/data/kahadb" journalMaxFileLength="4mb"/></persistenceAdapter>
    <plugins>
      <simpleAuthenticationPlugin anonymousAccessAllowed="false"><users>
        <authenticationUser username="${inXml(user.username)}" password="${inXml(user.password)}" groups="users"/>
      </users></simpleAuthenticationPlugin>
    </plugins>
    <sslContext>
      <sslContext keyStore="file:${folder}/server.p12" keyStoreType="PKCS12" keyStorePassword="${storePassword}"/>
    </sslContext>
    <systemUsage><systemUsage>
      <memoryUsage><memoryUsage limit="64 mb"/></memoryUsage>
      <storeUsage><storeUsage limit="1 gb"/></storeUsage>
      <tempUsage><tempUsage limit="100 mb"/></tempUsage>
    </systemUsage></systemUsage>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:${port}"/>
      <transportConnector name="stomp+ssl" uri="stomp+ssl://127.0.0.1:${tlsPort}"/>
    </transportConnectors>
  </broker>
</beans>
`;
}

function inXml(text: string): string {
  return text.replace(/[<&"]/g, character => `&#${character.codePointAt(0)};`);
}

// What the device service says: who made it, which services it has, what its clock shows. Pure.
import { childrenNamed, descend, numberAt, textAt, type XmlElement } from '../soap/xml.ts';
import { expectAnswer } from './fault.ts';
import { UnreadableAnswer } from './unreadable.ts';

/** Empty texts are left out; cameras fill in as much as they like. */
export type DeviceInformation = {
  manufacturer?: string;
  model?: string;
  firmware?: string;
  serial?: string;
  hardware?: string;
};

export function readDeviceInformation(content: XmlElement): DeviceInformation {
  const answer = expectAnswer(content, 'GetDeviceInformation');
  const fields = {
    manufacturer: textAt(answer, 'Manufacturer'),
    model: textAt(answer, 'Model'),
    firmware: textAt(answer, 'FirmwareVersion'),
    serial: textAt(answer, 'SerialNumber'),
    hardware: textAt(answer, 'HardwareId'),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export type ServiceName = 'device' | 'media1' | 'media2' | 'events' | 'imaging' | 'ptz' | 'analytics';

/** Addresses as the device writes them: whoever uses them moves them to the device's own. */
export type ServiceAddresses = Partial<Record<ServiceName, string>>;

const byNamespace: ReadonlyMap<string, ServiceName> = new Map([
  ['http://www.onvif.org/ver10/device/wsdl', 'device'],
  ['http://www.onvif.org/ver10/media/wsdl', 'media1'],
  ['http://www.onvif.org/ver20/media/wsdl', 'media2'],
  ['http://www.onvif.org/ver10/events/wsdl', 'events'],
  ['http://www.onvif.org/ver20/imaging/wsdl', 'imaging'],
  ['http://www.onvif.org/ver20/ptz/wsdl', 'ptz'],
  ['http://www.onvif.org/ver20/analytics/wsdl', 'analytics'],
]);

export function readServices(content: XmlElement): ServiceAddresses {
  const addresses: ServiceAddresses = {};
  for (const service of childrenNamed(expectAnswer(content, 'GetServices'), 'Service')) {
    const name = byNamespace.get(textAt(service, 'Namespace')?.replace(/\/$/, '') ?? '');
    const address = textAt(service, 'XAddr');
    if (name && address) addresses[name] ??= address;
  }
  return addresses;
}

const byCategory: readonly [category: string, name: ServiceName][] = [
  ['Device', 'device'],
  ['Media', 'media1'],
  ['Events', 'events'],
  ['Imaging', 'imaging'],
  ['PTZ', 'ptz'],
  ['Analytics', 'analytics'],
];

/** The older way to ask for services, which knows no Media2. */
export function readCapabilities(content: XmlElement): ServiceAddresses {
  const capabilities = descend(expectAnswer(content, 'GetCapabilities'), 'Capabilities');
  const addresses: ServiceAddresses = {};
  for (const [category, name] of byCategory) {
    const address = textAt(capabilities, category, 'XAddr');
    if (address) addresses[name] = address;
  }
  return addresses;
}

export type SystemTime = {
  /** What the device says is UTC. */
  utcMs: number;
  /** Its local time, read as if it were UTC. */
  localMs?: number;
  timeZone?: string;
  /** Whether NTP sets the clock. */
  ntp: boolean;
};

export function readSystemTime(content: XmlElement): SystemTime {
  const answer = descend(expectAnswer(content, 'GetSystemDateAndTime'), 'SystemDateAndTime');
  const utcMs = dateTimeIn(descend(answer, 'UTCDateTime'));
  const localMs = dateTimeIn(descend(answer, 'LocalDateTime'));
  const timeZone = textAt(answer, 'TimeZone', 'TZ');
  const shownMs = utcMs ?? localMs;
  if (shownMs === undefined) throw new UnreadableAnswer('it tells no time');
  return {
    utcMs: shownMs,
    ...(localMs === undefined ? {} : { localMs }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ntp: textAt(answer, 'DateTimeType') === 'NTP',
  };
}

function dateTimeIn(element: XmlElement | undefined): number | undefined {
  const fields = [
    numberAt(element, 'Date', 'Year'),
    numberAt(element, 'Date', 'Month'),
    numberAt(element, 'Date', 'Day'),
    numberAt(element, 'Time', 'Hour'),
    numberAt(element, 'Time', 'Minute'),
    numberAt(element, 'Time', 'Second'),
  ];
  const [year, month, day, hour, minute, second] = fields;
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (hour === undefined || minute === undefined || year < 1970 || year > 9999) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second ?? 0);
  return Number.isNaN(ms) ? undefined : ms;
}

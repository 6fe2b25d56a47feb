// The WS-Discovery question: which devices of this type are there?

export type DeviceType = 'NetworkVideoTransmitter' | 'Device';

const types: Record<DeviceType, { name: string; namespace: string }> = {
  NetworkVideoTransmitter: {
    name: 'dn:NetworkVideoTransmitter',
    namespace: 'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"',
  },
  Device: { name: 'tds:Device', namespace: 'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"' },
};

/** Both are asked for, each in a message of its own: types in one message must all be met, and cameras claim one or the other. */
export const deviceTypes = Object.keys(types) as DeviceType[];

/** `messageId` is a UUID; answers carry it. */
export function probeMessage(messageId: string, type: DeviceType): Buffer {
  const { name, namespace } = types[type];
  return Buffer.from(
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"',
      ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">',
      '<s:Header>',
      '<a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>',
      `<a:MessageID>urn:uuid:${messageId}</a:MessageID>`,
      '<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>',
      '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>',
      '</s:Header>',
      '<s:Body>',
      '<d:Probe xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">',
      `<d:Types ${namespace}>${name}</d:Types>`,
      '</d:Probe>',
      '</s:Body>',
      '</s:Envelope>',
    ].join(''),
  );
}

// Every request the agent makes of a device, as SOAP bodies after the ONVIF WSDLs. Pure, but for the ids of messages.
import { randomUUID } from 'node:crypto';
import type { SoapRequest } from './envelope.ts';
import { escapeXml } from './write-xml.ts';

const device = 'http://www.onvif.org/ver10/device/wsdl';
const media1 = 'http://www.onvif.org/ver10/media/wsdl';
const media2 = 'http://www.onvif.org/ver20/media/wsdl';
const events = 'http://www.onvif.org/ver10/events/wsdl';
const notification = 'http://docs.oasis-open.org/wsn/bw-2';

/** Which media service is asked: the first has no H.265. */
export type MediaVersion = 'media1' | 'media2';

function deviceRequest(operation: string, inside = ''): SoapRequest {
  return { operation, action: `${device}/${operation}`, body: `<tds:${operation}>${inside}</tds:${operation}>` };
}

function mediaRequest(version: MediaVersion, operation: string, inside = ''): SoapRequest {
  const [prefix, namespace] = version === 'media1' ? ['trt', media1] : ['tr2', media2];
  return {
    operation,
    action: `${namespace}/${operation}`,
    body: `<${prefix}:${operation}>${inside}</${prefix}:${operation}>`,
  };
}

export const getDeviceInformation = (): SoapRequest => deviceRequest('GetDeviceInformation');
export const getSystemDateAndTime = (): SoapRequest => deviceRequest('GetSystemDateAndTime');
export const getServices = (): SoapRequest =>
  deviceRequest('GetServices', '<tds:IncludeCapability>false</tds:IncludeCapability>');
export const getCapabilities = (): SoapRequest => deviceRequest('GetCapabilities', '<tds:Category>All</tds:Category>');

/** The second service tells only what it is asked for. */
export function getProfiles(version: MediaVersion): SoapRequest {
  const types = ['VideoSource', 'VideoEncoder', 'AudioEncoder'].map(type => `<tr2:Type>${type}</tr2:Type>`);
  return mediaRequest(version, 'GetProfiles', version === 'media2' ? types.join('') : '');
}

/** Asks for RTSP over TCP on the RTSP port. */
export function getStreamUri(version: MediaVersion, profileToken: string): SoapRequest {
  const token = escapeXml(profileToken);
  const inside =
    version === 'media2'
      ? `<tr2:Protocol>RTSP</tr2:Protocol><tr2:ProfileToken>${token}</tr2:ProfileToken>`
      : '<trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup>' +
        `<trt:ProfileToken>${token}</trt:ProfileToken>`;
  return mediaRequest(version, 'GetStreamUri', inside);
}

export function getSnapshotUri(version: MediaVersion, profileToken: string): SoapRequest {
  const prefix = version === 'media1' ? 'trt' : 'tr2';
  const inside = `<${prefix}:ProfileToken>${escapeXml(profileToken)}</${prefix}:ProfileToken>`;
  return mediaRequest(version, 'GetSnapshotUri', inside);
}

/** One configuration: the first service has an operation of its own for it, the second a filter. */
export function getVideoEncoder(version: MediaVersion, encoderToken: string): SoapRequest {
  const [operation, prefix] =
    version === 'media1' ? ['GetVideoEncoderConfiguration', 'trt'] : ['GetVideoEncoderConfigurations', 'tr2'];
  const token = escapeXml(encoderToken);
  return mediaRequest(version, operation, `<${prefix}:ConfigurationToken>${token}</${prefix}:ConfigurationToken>`);
}

/** @param configuration the whole `Configuration` element as XML */
export function setVideoEncoder(version: MediaVersion, configuration: string): SoapRequest {
  const persistence = version === 'media1' ? '<trt:ForcePersistence>true</trt:ForcePersistence>' : '';
  return mediaRequest(version, 'SetVideoEncoderConfiguration', configuration + persistence);
}

/** Addresses a request of subscriptions, as WS-Addressing wants. `reference` is XML the device gave, or nothing. */
function addressed(action: string, to: string, reference: string): string {
  return (
    `<a:Action s:mustUnderstand="1">${action}</a:Action><a:MessageID>urn:uuid:${randomUUID()}</a:MessageID>` +
    '<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>' +
    `<a:To s:mustUnderstand="1">${escapeXml(to)}</a:To>${reference}`
  );
}

/** Where a subscription is reached, and the reference parameters (XML) that every request to it repeats. */
export type SubscriptionAddress = { url: string; reference: string };

export function createPullPoint(url: string, lifeSeconds: number): SoapRequest {
  const action = `${events}/EventPortType/CreatePullPointSubscriptionRequest`;
  return {
    operation: 'CreatePullPointSubscription',
    action,
    header: addressed(action, url, ''),
    body: `<tev:CreatePullPointSubscription><tev:InitialTerminationTime>PT${lifeSeconds}S</tev:InitialTerminationTime></tev:CreatePullPointSubscription>`,
  };
}

export function pullMessages({ url, reference }: SubscriptionAddress, waitSeconds: number): SoapRequest {
  const action = `${events}/PullPointSubscription/PullMessagesRequest`;
  return {
    operation: 'PullMessages',
    action,
    header: addressed(action, url, reference),
    body: `<tev:PullMessages><tev:Timeout>PT${waitSeconds}S</tev:Timeout><tev:MessageLimit>100</tev:MessageLimit></tev:PullMessages>`,
  };
}

/** Asks the device to tell the present state of everything once more. */
export function setSynchronizationPoint({ url, reference }: SubscriptionAddress): SoapRequest {
  const action = `${events}/PullPointSubscription/SetSynchronizationPointRequest`;
  const header = addressed(action, url, reference);
  return { operation: 'SetSynchronizationPoint', action, header, body: '<tev:SetSynchronizationPoint/>' };
}

export function renew({ url, reference }: SubscriptionAddress, lifeSeconds: number): SoapRequest {
  const action = `${notification}/SubscriptionManager/RenewRequest`;
  const body = `<wsnt:Renew><wsnt:TerminationTime>PT${lifeSeconds}S</wsnt:TerminationTime></wsnt:Renew>`;
  return { operation: 'Renew', action, header: addressed(action, url, reference), body };
}

export function unsubscribe({ url, reference }: SubscriptionAddress): SoapRequest {
  const action = `${notification}/SubscriptionManager/UnsubscribeRequest`;
  return { operation: 'Unsubscribe', action, header: addressed(action, url, reference), body: '<wsnt:Unsubscribe/>' };
}

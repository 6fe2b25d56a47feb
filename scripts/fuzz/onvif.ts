// Everything that reads an ONVIF device's answers: values of the promised shape or one of three refusals; addresses only
// on the device itself; what is given back to the device is well-formed; sign-ins that fit into a header.

import { clockOffset } from '../../agent/onvif/answers/clock-offset.ts';
import * as device from '../../agent/onvif/answers/device-answers.ts';
import { changedEncoder, readVideoEncoder } from '../../agent/onvif/answers/encoder-edit.ts';
import { readMessages, readPullPoint, readRenewal } from '../../agent/onvif/answers/event-answers.ts';
import { bodyOf, OnvifFault } from '../../agent/onvif/answers/fault.ts';
import { readProfiles, readUri } from '../../agent/onvif/answers/profile-answers.ts';
import { UnreadableAnswer } from '../../agent/onvif/answers/unreadable.ts';
import type { CameraAddress } from '../../agent/onvif/http/camera-address.ts';
import { onCamera, streamOnCamera } from '../../agent/onvif/http/camera-address.ts';
import { answerText, WebPage } from '../../agent/onvif/soap/answer-text.ts';
import { parseXml, type XmlElement } from '../../agent/onvif/soap/xml.ts';
import { Secret } from '../../agent/secret.ts';
import { authorization, nextNonce, readChallenges } from '../../agent/sign-in/challenge.ts';
import * as fixtures from '../../test/onvif/soap-fixtures.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateXml } from './mutate-xml.ts';
import { below, demand, oneOf, type Random, type Target } from './target.ts';

const nowMs = Date.UTC(2026, 10, 23, 7, 41, 12);
const camera: CameraAddress = {
  host: '10.1.2.3',
  ip: '10.1.2.3',
  port: 8000,
  secure: false,
  path: '/onvif/device_service',
};
const own = `http://${camera.host}/onvif/x?y=1`;
const motion = {
  topic: 'tns1:VideoSource/MotionAlarm',
  atMs: nowMs,
  data: '<tt:SimpleItem Name="State" Value="true"/>',
};

type Sample = { xml: string; read: (content: XmlElement) => unknown };

const samples: Sample[] = [
  { xml: fixtures.information, read: device.readDeviceInformation },
  {
    xml: fixtures.services({ device: own, media1: own, media2: own, events: own }),
    read: readAddresses(device.readServices),
  },
  {
    xml: fixtures.capabilities({ device: own, media1: own, events: own }),
    read: readAddresses(device.readCapabilities),
  },
  { xml: fixtures.systemTime({ utcMs: nowMs, localMs: nowMs + 3_600_000, timeZone: 'CET-1' }), read: readTime },
  { xml: fixtures.profiles1, read: content => readProfiles(content, 'media1') },
  { xml: fixtures.profiles2, read: content => readProfiles(content, 'media2') },
  { xml: fixtures.streamUri1('rtsp://10.9.9.9:554/live?a=1&amp;b=2'), read: readStream },
  { xml: fixtures.streamUri2('rtsps://10.1.2.3/live'), read: readStream },
  { xml: fixtures.snapshotUri1(own), read: readSnapshot },
  { xml: fixtures.encoder1(), read: content => readEncoder(content, 'media1') },
  { xml: fixtures.encoder2(), read: content => readEncoder(content, 'media2') },
  { xml: fixtures.pullPoint(own, nowMs, 60_000), read: readSubscription },
  { xml: fixtures.renewal(nowMs, 60_000), read: readRenewal },
  { xml: fixtures.messages(nowMs, ...Array(3).fill(fixtures.notification(motion))), read: readEvents },
  { xml: fixtures.fault('ter:NotAuthorized', 'Sender not Authorized'), read: () => undefined },
  // gSOAP's words for an operation that a device does not have.
  { xml: fixtures.fault11('SOAP-ENV:Client', 'not implemented'), read: () => undefined },
  { xml: '<!DOCTYPE html><html><body class="login"><form>Sign in</form></body></html>', read: () => undefined },
];
const types = [
  'application/soap+xml; charset=utf-8',
  'text/xml',
  '',
  'text/xml; charset=gb2312',
  'text/html',
  'image/jpeg',
  'text/xml; charset=x',
];
const challenges = [
  'Digest realm="a \\"b\\"", qop="auth,auth-int", nonce="n0", opaque="o", algorithm=SHA-256, stale=true',
  'Basic realm="x", Digest realm="y", nonce="n", algorithm=MD5-sess',
  'Digest nonce="n", nextnonce="m"',
];

export function onvifTarget(): Target {
  return {
    feed(random) {
      if (random() < 0.05) return readHeader(random);
      const sample = oneOf(samples, random);
      const text = Buffer.from(damaged(sample.xml, random));
      const body = random() < 0.3 ? mutateBytes(text, random) : text;
      try {
        const content = bodyOf(parseXml(answerText({ 'content-type': oneOf(types, random) }, body)));
        demandPrintable(sample.read(content));
        return 'read';
      } catch (error) {
        if (error instanceof UnreadableAnswer) return 'unreadable';
        if (error instanceof OnvifFault) return error.means;
        if (error instanceof WebPage) return 'web page';
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

function damaged(xml: string, random: Random): string {
  let text = xml;
  for (let left = below(4, random); left > 0; left--) text = mutateXml(text, oneOf(samples, random).xml, random);
  return text.slice(0, 200_000);
}

function readAddresses(read: (content: XmlElement) => device.ServiceAddresses) {
  return (content: XmlElement) => {
    const addresses = read(content);
    for (const address of Object.values(addresses)) demandOnCamera(address);
    return addresses;
  };
}

function readTime(content: XmlElement): unknown {
  const time = device.readSystemTime(content);
  const offset = clockOffset(time, nowMs);
  demand(Number.isFinite(offset.offsetMs), `the clock is off by ${offset.offsetMs}`);
  demand(!Number.isNaN(new Date(nowMs + offset.offsetMs).getTime()), 'no token can be made for this clock');
  return { time, offset };
}

function readStream(content: XmlElement): unknown {
  const address = streamOnCamera(readUri(content, 'GetStreamUri'), camera);
  if (!address) return undefined;
  const url = new URL(address.url);
  demand(/^rtsps?:$/.test(url.protocol) && url.hostname === camera.host, `a stream at ${address.url}`);
  demand(url.username === '' && url.password === '', `a sign-in in ${address.url}`);
  return address;
}

function readSnapshot(content: XmlElement): unknown {
  const uri = readUri(content, 'GetSnapshotUri');
  demandOnCamera(uri);
  return uri;
}

/** A path that a request line can hold, and a port. */
function demandOnCamera(address: string): void {
  const place = onCamera(address, camera);
  if (!place) return;
  demand(/^\/[\x21-\x7e]*$/.test(place.path), `a request for ${JSON.stringify(place.path)}`);
  demand(Number.isInteger(place.port) && place.port >= 0 && place.port <= 65_535, `a request to port ${place.port}`);
}

function readEncoder(content: XmlElement, media: 'media1' | 'media2'): unknown {
  const encoder = readVideoEncoder(content, media, 'enc_main');
  const written = changedEncoder(encoder, media, { gopLength: 33, fps: 7 });
  const again = parseXml(written);
  demand(again.name === 'Configuration', 'the configuration came out under another name');
  demand(written.includes('33') && written.includes('>7<'), 'the change was not written');
  return encoder.settings;
}

function readSubscription(content: XmlElement): unknown {
  const point = readPullPoint(content);
  demandOnCamera(point.address);
  parseXml(`<Header>${point.reference}</Header>`);
  return { address: point.address, lifeMs: point.lifeMs };
}

function readEvents(content: XmlElement): unknown {
  const events = readMessages(content, { nowMs, offsetMs: 0 });
  for (const { atMs, topic } of events) {
    demand(Number.isSafeInteger(atMs) && Math.abs(atMs - nowMs) <= 86_400_000, `an event at ${atMs}`);
    demand(topic !== '', 'an event without a topic');
  }
  return events;
}

function readHeader(random: Random): string {
  const header = Buffer.from(mutateBytes(Buffer.from(oneOf(challenges, random)), random)).toString('latin1');
  const nonce = nextNonce(header);
  demand(nonce === undefined || nonce !== '', 'an empty nonce');
  const found = readChallenges([header]);
  for (const challenge of found) {
    const signIn = {
      username: 'a"\\ü',
      password: new Secret('canary'),
      method: 'POST',
      uri: '/x',
      count: 1,
      cnonce: 'c',
    };
    const value = authorization(challenge, signIn);
    demand(/^[\x20-\x7e\x80-\xff]*$/.test(value), `a header of ${JSON.stringify(value)}`);
    demand(!value.includes('canary'), 'the password is in the header');
  }
  return `${Math.min(found.length, 2)} challenges`;
}

/** No text of a device holds what moves a cursor, no number is no number, nothing has another prototype. */
function demandPrintable(value: unknown): void {
  if (typeof value === 'string') {
    demand(!/[\p{Cc}\u2028\u2029]/u.test(value), `a text of ${JSON.stringify(value)}`);
    demand(value.length <= 2_048, `a text of ${value.length} characters`);
  } else if (typeof value === 'number') demand(Number.isFinite(value), `the number ${value}`);
  else if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    demand(prototype === Object.prototype || prototype === Array.prototype, 'an object of an unknown kind');
    for (const inside of Object.values(value)) demandPrintable(inside);
  }
}

// Subscriptions and the events that come through them. Motion is understood; everything else is passed on as it came. Pure.

import { writeElement } from '../soap/write-xml.ts';
import { attributeOf, childrenNamed, descend, numberIn, textAt, type XmlElement } from '../soap/xml.ts';
import { expectAnswer } from './fault.ts';
import { UnreadableAnswer } from './unreadable.ts';

export type EventItem = { name: string; value: string };

export type OnvifEvent = {
  /** When the device says it happened, on our clock. */
  atMs: number;
  /** Without namespace prefixes: "RuleEngine/CellMotionDetector/Motion". */
  topic: string;
  /** What it is about: lens, rule, region. */
  source: EventItem[];
  /** True for the state at the time of subscribing, which is no news. */
  initial: boolean;
} & ({ type: 'motion'; active: boolean } | { type: 'other'; items: EventItem[] });

export type PullPoint = {
  /** As the device writes it. */
  address: string;
  /** XML that every request to the subscription repeats in its header; mostly empty. */
  reference: string;
  /** For how long it lives by the device's own clock; undefined when not told. */
  lifeMs?: number;
};

const longestReference = 4_096;

export function readPullPoint(content: XmlElement): PullPoint {
  const answer = expectAnswer(content, 'CreatePullPointSubscription');
  const subscription = descend(answer, 'SubscriptionReference');
  const address = textAt(subscription, 'Address');
  if (address === undefined) throw new UnreadableAnswer('it names no subscription');
  const parameters = descend(subscription, 'ReferenceParameters')?.children ?? [];
  const reference = parameters.map(writeElement).join('');
  if (reference.length > longestReference) throw new UnreadableAnswer('its subscription has too many parameters');
  return { address, reference, ...lifeOf(answer) };
}

/** For how long a renewed subscription lives. */
export function readRenewal(content: XmlElement): Pick<PullPoint, 'lifeMs'> {
  return lifeOf(expectAnswer(content, 'Renew'));
}

function lifeOf(answer: XmlElement): Pick<PullPoint, 'lifeMs'> {
  const now = Date.parse(textAt(answer, 'CurrentTime') ?? '');
  const end = Date.parse(textAt(answer, 'TerminationTime') ?? '');
  return end > now ? { lifeMs: end - now } : {};
}

/** The topics of motion, as cameras of every make name them. */
const motionTopics = /(^|\/)(CellMotionDetector\/Motion|VideoSource\/MotionAlarm|MotionRegionDetector\/Motion)$/;
/** A day: a clock as wrong as this says nothing about when. */
const believableMs = 86_400_000;
const setAnewMs = 5_000;

export type EventClock = {
  /** Our time when the answer came. */
  nowMs: number;
  /** The device's UTC − ours. */
  offsetMs: number;
};

export function readMessages(content: XmlElement, { nowMs, offsetMs }: EventClock): OnvifEvent[] {
  const answer = expectAnswer(content, 'PullMessages');
  // A clock that was set since it was measured shows in the answer itself.
  const shownMs = Date.parse(textAt(answer, 'CurrentTime') ?? '') - nowMs;
  const clock = { nowMs, offsetMs: Math.abs(shownMs - offsetMs) > setAnewMs ? shownMs : offsetMs };
  return childrenNamed(answer, 'NotificationMessage')
    .map(notification => readNotification(notification, clock))
    .filter(event => event !== undefined);
}

function readNotification(notification: XmlElement, { nowMs, offsetMs }: EventClock): OnvifEvent | undefined {
  const topic = topicOf(textAt(notification, 'Topic') ?? '');
  const message = descend(notification, 'Message', 'Message') ?? descend(notification, 'Message');
  if (topic === '' || !message) return undefined;
  const saidMs = Date.parse(attributeOf(message, 'UtcTime') ?? '') - offsetMs;
  const event = {
    atMs: Math.abs(saidMs - nowMs) <= believableMs ? Math.round(saidMs) : nowMs,
    topic,
    source: itemsIn(descend(message, 'Source')),
    initial: attributeOf(message, 'PropertyOperation') === 'Initialized',
  };
  const items = itemsIn(descend(message, 'Data'));
  const active = motionTopics.test(topic) ? stateIn(items) : undefined;
  return active === undefined ? { type: 'other', ...event, items } : { type: 'motion', ...event, active };
}

/** "tns1:RuleEngine/tnsaxis:Thing//." → "RuleEngine/Thing". */
function topicOf(text: string): string {
  return text
    .slice(0, 300)
    .replace(/\/\/?\.$/, '')
    .split('/')
    .map(part => part.slice(part.indexOf(':') + 1).trim())
    .filter(part => part !== '')
    .join('/');
}

const mostItems = 50;

function itemsIn(element: XmlElement | undefined): EventItem[] {
  return childrenNamed(element, 'SimpleItem')
    .slice(0, mostItems)
    .map(item => ({ name: attributeOf(item, 'Name') ?? '', value: attributeOf(item, 'Value') ?? '' }));
}

function stateIn(items: EventItem[]): boolean | undefined {
  const state = items.find(({ name }) => /^(IsMotion|State|Motion|Value)$/i.test(name))?.value.toLowerCase();
  if (state === undefined) return undefined;
  return state === 'true' || (numberIn(state) ?? 0) > 0;
}

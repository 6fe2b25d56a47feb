// A scripted device with events by pull point: waits for something to happen as long as it was asked to.
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type DeviceOptions, type ScriptedDevice, scriptedDevice } from './scripted-device.ts';
import * as fixtures from './soap-fixtures.ts';

export type EventDevice = ScriptedDevice & {
  /** Something happens; it is told with the next answer. */
  happen(notification: string): void;
  /** From now on its clock is off by so much. */
  setClock(offsetMs: number): void;
};

export type EventDeviceOptions = DeviceOptions & { lifeMs?: number };

export async function eventDevice({ lifeMs = 60_000, ...options }: EventDeviceOptions = {}): Promise<EventDevice> {
  const happened: string[] = [];
  let { offsetMs = 0 } = options;
  const pull: Answer = async (_request, response, body) => {
    const waitMs = Number(/<tev:Timeout>PT(\d+)S/.exec(body)?.[1]) * 1000;
    for (const endMs = Date.now() + waitMs; happened.length === 0 && Date.now() < endMs && !response.destroyed; )
      await delay(10);
    const answer = fixtures.messages(Date.now() + offsetMs, ...happened.splice(0));
    response.writeHead(200, { 'content-type': 'application/soap+xml' }).end(answer);
  };
  const answers: Record<string, Answer | Answer[]> = {
    CreatePullPointSubscription: fixtures.pullPoint('http://10.9.8.7/onvif/sub?id=1', Date.now(), lifeMs),
    PullMessages: pull,
    Renew: fixtures.renewal(Date.now(), lifeMs),
    SetSynchronizationPoint: fixtures.soap('<tev:SetSynchronizationPointResponse/>'),
    Unsubscribe: fixtures.soap('<wsnt:UnsubscribeResponse/>'),
    ...options.answers,
  };
  const device = await scriptedDevice({ ...options, answers });
  return {
    ...device,
    happen: notification => void happened.push(notification),
    setClock: ms => {
      offsetMs = ms;
    },
  };
}

// The one ONVIF client for the rest of the code. Whatever the device is or does: every method ends in bounded time and
// memory with its result or an AgentError (or the signal's reason), and no request goes to another address than the
// device's own.
import type { Clock } from '../clock.ts';
import type { Secret } from '../secret.ts';
import { type DeviceInformation, readDeviceInformation, type ServiceName } from './answers/device-answers.ts';
import type { EncoderChanges } from './answers/encoder-edit.ts';
import type { OnvifProfile } from './answers/profile-answers.ts';
import { Calls } from './calls.ts';
import { EventFeed, type EventFeedItem } from './events.ts';
import { type AddressOptions, locate, type StreamAddress } from './http/camera-address.ts';
import { startDeadline } from './http/deadline.ts';
import { Media } from './media.ts';
import { NodeOnvif } from './node-onvif/node-onvif.ts';
import { onvifError } from './onvif-errors.ts';
import { ServiceDirectory } from './services.ts';
import { type EncoderOutcome, setEncoder } from './set-encoder.ts';
import { Snapshots } from './snapshot.ts';
import type { DeviceTime } from './soap/device-clock.ts';
import { getDeviceInformation } from './soap/requests.ts';
import { SoapClient } from './soap/soap-client.ts';

export type OnvifOptions = {
  /** Host, host:port, { host, port }, or the whole address of the device service. http unless it says https. */
  address: AddressOptions;
  /** Left out: nothing is signed. */
  username?: string | undefined;
  password?: Secret | undefined;
  /** SHA-256 of the certificate to accept from an https camera that no authority vouches for. */
  tlsFingerprint?: string | undefined;
  /** Whether the password may be sent unencrypted when the camera knows nothing better. Default false. */
  allowBasic?: boolean | undefined;
  clock: Clock;
  /** In [0, 1), as Math.random: spreads the attempts of many cameras to get their events back. */
  random: () => number;
  /** For one exchange with the camera. Default 5 s; a method makes at most a handful. */
  deadlineMs?: number | undefined;
  signal?: AbortSignal | undefined;
};

export type {
  DeviceInformation,
  DeviceTime,
  EncoderChanges,
  EncoderOutcome,
  EventFeedItem,
  OnvifProfile,
  StreamAddress,
};

export type OnvifDevice = {
  /** Names the device in messages. */
  host: string;
  information(signal?: AbortSignal): Promise<DeviceInformation>;
  /** Asks for its clock anew. Undefined when it tells nobody. */
  time(signal?: AbortSignal): Promise<DeviceTime | undefined>;
  /** Which services it has. */
  services(signal?: AbortSignal): Promise<ServiceName[]>;
  profiles(signal?: AbortSignal): Promise<OnvifProfile[]>;
  /** RTSP, without user and password, on the device's own address. */
  streamUri(profileToken: string, signal?: AbortSignal): Promise<StreamAddress>;
  /** JPEG, at most 5 MiB. */
  snapshot(profileToken: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** Endless until the signal aborts; see EventFeed. */
  events(signal: AbortSignal): AsyncIterable<EventFeedItem>;
  /** Changes the device. */
  setEncoder(profileToken: string, changes: EncoderChanges, signal?: AbortSignal): Promise<EncoderOutcome>;
};

const defaultDeadlineMs = 5_000;

/**
 * Finds out whether an ONVIF device answers, without offering the password to it yet. Holds no connection afterwards.
 * Rejects with `camera-host-unknown`, `camera-unreachable`, `camera-stalled`, `camera-ended`, `camera-certificate`,
 * `camera-no-onvif`, `camera-answer-invalid` or `camera-busy`, or with the signal's reason.
 */
export async function openOnvif(options: OnvifOptions): Promise<OnvifDevice> {
  const { clock, tlsFingerprint, username, password, random, deadlineMs = defaultDeadlineMs, signal } = options;
  const camera = await locateWithin(deadlineMs, options);
  const credentials = username === undefined || password === undefined ? undefined : { username, password };
  const allowBasic = (options.allowBasic ?? false) || camera.secure;
  const http = { camera, tlsFingerprint, clock };
  const soap = new SoapClient({ ...http, credentials, allowBasic, deadlineMs });
  await soap.clock.measure(signal);
  const directory = new ServiceDirectory(soap, camera);
  const calls = new Calls(soap, camera, directory);
  const nodeOnvif = new NodeOnvif({ camera, credentials, clock, deadlineMs });
  return deviceOf({
    calls,
    directory,
    media: new Media({ calls, directory, nodeOnvif }),
    snapshots: new Snapshots({ ...http, deadlineMs, signIn: credentials && { credentials, allowBasic } }),
    feed: new EventFeed({ calls, directory, clock, deadlineMs, random }),
  });
}

type DeviceParts = {
  calls: Calls;
  directory: ServiceDirectory;
  media: Media;
  snapshots: Snapshots;
  feed: EventFeed;
};

function deviceOf({ calls, directory, media, snapshots, feed }: DeviceParts): OnvifDevice {
  return {
    host: calls.camera.host,
    information: signal =>
      calls.ask({
        service: 'device',
        todo: 'tell what it is',
        offer: 'information about itself',
        request: getDeviceInformation(),
        read: readDeviceInformation,
        signal,
      }),
    time: signal => calls.soap.clock.measure(signal),
    services: async signal => Object.keys(await directory.services(signal)) as ServiceName[],
    profiles: signal => media.profiles(signal),
    streamUri: (token, signal) => media.streamUri(token, signal),
    snapshot: async (token, signal) => await snapshots.fetch(await media.snapshotPath(token, signal), signal),
    events: signal => feed.events(signal),
    setEncoder: async (token, changes, signal) =>
      await setEncoder(calls, await media.profile(token, signal), { changes, signal }),
  };
}

/** A look-up cannot be stopped, but it need not be waited for. */
async function locateWithin(deadlineMs: number, { address, clock, signal }: OnvifOptions) {
  using deadline = startDeadline(clock, deadlineMs, signal);
  deadline.signal.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  deadline.signal.addEventListener('abort', () => {
    const host = typeof address === 'string' ? address : address.host;
    stopped.reject(deadline.isOver() ? onvifError('hostUnknown', { host }) : signal?.reason);
  });
  return await Promise.race([locate(address), stopped.promise]);
}

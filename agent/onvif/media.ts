// Profiles and the addresses of streams and snapshots, from whichever media service the camera has: the second knows
// H.265; the first is what older cameras have. What our requests cannot get from the first, node-onvif's may.
import { AgentError } from '../errors.ts';
import { bodyOf, OnvifFault } from './answers/fault.ts';
import { type OnvifProfile, readProfiles, readUri } from './answers/profile-answers.ts';
import type { Ask, Calls } from './calls.ts';
import { type CameraPath, onCamera, type StreamAddress, streamOnCamera, webPort } from './http/camera-address.ts';
import type { NodeOnvif, NodeOnvifQuestion } from './node-onvif/node-onvif.ts';
import { onvifError } from './onvif-errors.ts';
import { mayAskOtherwise, type ServiceDirectory } from './services.ts';
import { getProfiles, getSnapshotUri, getStreamUri, type MediaVersion } from './soap/requests.ts';
import { parseXml, type XmlElement } from './soap/xml.ts';

export type MediaOptions = { calls: Calls; directory: ServiceDirectory; nodeOnvif: NodeOnvif };

type MediaAsk<T> = Omit<Ask<T>, 'service'> & { media: MediaVersion; question: NodeOnvifQuestion };

const uris = {
  GetStreamUri: { request: getStreamUri, todo: 'tell where the stream is', offer: 'this stream' },
  GetSnapshotUri: { request: getSnapshotUri, todo: 'tell where the snapshot is', offer: 'snapshots of this profile' },
} as const;

export class Media {
  readonly #calls: Calls;
  readonly #directory: ServiceDirectory;
  readonly #nodeOnvif: NodeOnvif;
  #profiles: OnvifProfile[] | undefined;

  constructor({ calls, directory, nodeOnvif }: MediaOptions) {
    this.#calls = calls;
    this.#directory = directory;
    this.#nodeOnvif = nodeOnvif;
  }

  /** Asked anew each time: people change them. */
  async profiles(signal?: AbortSignal): Promise<OnvifProfile[]> {
    this.#profiles = await this.#readProfiles(signal);
    return this.#profiles;
  }

  /** Rejects with `camera-no-onvif` when there is none of this token. */
  async profile(token: string, signal?: AbortSignal): Promise<OnvifProfile> {
    const known = this.#profiles ?? (await this.profiles(signal));
    const found = known.find(profile => profile.token === token);
    if (!found) throw onvifError('notOffered', { host: this.#calls.camera.host, detail: 'a profile of this name' });
    return found;
  }

  async streamUri(token: string, signal?: AbortSignal): Promise<StreamAddress> {
    const { camera } = this.#calls;
    const address = streamOnCamera(await this.#uri('GetStreamUri', token, signal), camera);
    if (!address) throw onvifError('foreignAddress', { host: camera.host, detail: 'the stream' });
    return address;
  }

  async snapshotPath(token: string, signal?: AbortSignal): Promise<CameraPath> {
    const { camera } = this.#calls;
    const path = onCamera(await this.#uri('GetSnapshotUri', token, signal), camera, webPort(camera));
    if (!path) throw onvifError('foreignAddress', { host: camera.host, detail: 'snapshots' });
    return path;
  }

  /** As the camera writes it. */
  async #uri(operation: keyof typeof uris, token: string, signal: AbortSignal | undefined): Promise<string> {
    const { media } = await this.profile(token, signal);
    const { request, ...about } = uris[operation];
    return await this.#ask({
      ...about,
      media,
      request: request(media, token),
      read: content => readUri(content, operation),
      question: { operation, profileToken: token },
      signal,
    });
  }

  async #readProfiles(signal: AbortSignal | undefined): Promise<OnvifProfile[]> {
    const { media1, media2 } = await this.#directory.services(signal);
    if (media2) {
      const profiles = await this.#profilesOf('media2', signal).catch((error: unknown) => {
        if (!media1 || !(error instanceof AgentError) || !mayAskOtherwise(error)) throw error;
        return [];
      });
      // Some tell only names here.
      if (profiles.some(({ video }) => video) || !media1) return profiles;
    }
    return await this.#profilesOf('media1', signal);
  }

  #profilesOf(media: MediaVersion, signal: AbortSignal | undefined): Promise<OnvifProfile[]> {
    return this.#ask({
      media,
      request: getProfiles(media),
      read: content => readProfiles(content, media),
      question: { operation: 'GetProfiles' },
      todo: 'tell its profiles',
      offer: 'video profiles',
      signal,
    });
  }

  async #ask<T>({ media, question, ...ask }: MediaAsk<T>): Promise<T> {
    try {
      return await this.#calls.ask({ ...ask, service: media });
    } catch (error) {
      if (media === 'media2' || !(error instanceof AgentError) || !refusesRequest(error)) throw error;
      const text = await this.#askNodeOnvif(question, ask.signal);
      if (text === undefined) throw error;
      return readOther(text, ask.read, error);
    }
  }

  async #askNodeOnvif(question: NodeOnvifQuestion, signal: AbortSignal | undefined): Promise<string | undefined> {
    const { media1 } = await this.#directory.services(signal);
    if (!media1) return undefined;
    const { offsetMs } = this.#calls.soap.clock.time;
    return await this.#nodeOnvif.ask({ target: media1, question, offsetMs }, signal);
  }
}

/** Whether the camera gave a right answer that says it cannot do what our request asks. */
function refusesRequest({ code, cause }: AgentError): boolean {
  return code === 'camera-failed' || (code === 'camera-no-onvif' && cause instanceof OnvifFault);
}

/** The first refusal is the one to report: the second client is only another try. */
function readOther<T>(text: string, read: (content: XmlElement) => T, refusal: AgentError): T {
  try {
    return read(bodyOf(parseXml(text)));
  } catch {
    throw refusal;
  }
}

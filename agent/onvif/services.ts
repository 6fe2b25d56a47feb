// Which services a camera has and where, asked once. Every address is moved to the camera's own before anybody sees it.

import { AgentError } from '../errors.ts';
import { readCapabilities, readServices, type ServiceAddresses, type ServiceName } from './answers/device-answers.ts';
import { type CameraAddress, type CameraPath, onCamera } from './http/camera-address.ts';
import { answerError, onvifError } from './onvif-errors.ts';
import { getCapabilities, getServices } from './soap/requests.ts';
import type { SoapClient } from './soap/soap-client.ts';

export type Services = Partial<Record<ServiceName, CameraPath>>;

const purpose = { todo: 'tell its services', offer: 'a list of its services' };

export class ServiceDirectory {
  readonly #soap: SoapClient;
  readonly #camera: CameraAddress;
  #services: Services | undefined;

  constructor(soap: SoapClient, camera: CameraAddress) {
    this.#soap = soap;
    this.#camera = camera;
  }

  async services(signal?: AbortSignal): Promise<Services> {
    this.#services ??= this.#onCamera(await this.#addresses(signal));
    return this.#services;
  }

  /** Rejects with `camera-no-onvif` when there is none. `offer` completes "does not offer …". */
  async need(name: ServiceName, offer: string, signal?: AbortSignal): Promise<CameraPath> {
    const service = (await this.services(signal))[name];
    if (!service) throw onvifError('notOffered', { host: this.#camera.host, detail: offer });
    return service;
  }

  /** Older cameras do not know GetServices; some that do leave out what GetCapabilities names. */
  async #addresses(signal: AbortSignal | undefined): Promise<ServiceAddresses> {
    const target = this.#camera;
    let listed: ServiceAddresses = {};
    try {
      listed = this.#read(readServices, await this.#soap.call({ ...purpose, target, request: getServices(), signal }));
      if (listed.media1 || listed.media2) return listed;
    } catch (error) {
      if (!(error instanceof AgentError) || !mayAskOtherwise(error)) throw error;
    }
    const answer = await this.#soap.call({ ...purpose, target, request: getCapabilities(), signal });
    return { ...this.#read(readCapabilities, answer), ...listed };
  }

  #read<In, Out>(read: (content: In) => Out, content: In): Out {
    try {
      return read(content);
    } catch (error) {
      throw answerError(error, { host: this.#camera.host, ...purpose });
    }
  }

  #onCamera(addresses: ServiceAddresses): Services {
    const moved = Object.entries(addresses).map(([name, address]) => [name, onCamera(address, this.#camera)] as const);
    return Object.fromEntries(moved.filter(([, path]) => path !== undefined));
  }
}

/** Whether a camera that fails so may still answer the same question put otherwise: it did answer, and not to the sign-in. */
export function mayAskOtherwise({ code }: AgentError): boolean {
  return code === 'camera-no-onvif' || code === 'camera-failed' || code === 'camera-answer-invalid';
}

// What the parts of a device share: a call to one of its services, read by one of the pure readers, with every failure an
// AgentError that names the camera.
import type { ServiceName } from './answers/device-answers.ts';
import type { CameraAddress } from './http/camera-address.ts';
import { answerError } from './onvif-errors.ts';
import type { ServiceDirectory } from './services.ts';
import type { SoapRequest } from './soap/envelope.ts';
import type { SoapCall, SoapClient } from './soap/soap-client.ts';
import type { XmlElement } from './soap/xml.ts';

export type Ask<T> = Pick<SoapCall, 'todo' | 'offer' | 'signal' | 'deadlineMs'> & {
  service: ServiceName;
  request: SoapRequest;
  read: (content: XmlElement) => T;
};

export class Calls {
  readonly soap: SoapClient;
  readonly camera: CameraAddress;
  readonly #directory: ServiceDirectory;

  constructor(soap: SoapClient, camera: CameraAddress, directory: ServiceDirectory) {
    this.soap = soap;
    this.camera = camera;
    this.#directory = directory;
  }

  /** Rejects with an AgentError, or with the signal's reason. */
  async ask<T>({ service, ...ask }: Ask<T>): Promise<T> {
    const { port, path } = this.camera;
    const isDevice = service === 'device';
    const target = isDevice ? { port, path } : await this.#directory.need(service, ask.offer, ask.signal);
    return await this.askAt({ ...ask, target });
  }

  /** The same for a place that is known. */
  async askAt<T>({ read, ...call }: SoapCall & { read: (content: XmlElement) => T }): Promise<T> {
    const content = await this.soap.call(call);
    try {
      return read(content);
    } catch (error) {
      const { todo, offer } = call;
      throw answerError(error, { host: this.camera.host, todo, offer });
    }
  }
}

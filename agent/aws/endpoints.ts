// Where a stream's media calls go. The service says it for each stream and API; the answer is kept until a call shows
// that it no longer holds.
import { type APIName, GetDataEndpointCommand, type KinesisVideoClient } from '@aws-sdk/client-kinesis-video';
import { serviceError } from './service-errors.ts';

export class DataEndpoints {
  readonly #client: KinesisVideoClient;
  readonly #known = new Map<string, Map<APIName, string>>();

  constructor(client: KinesisVideoClient) {
    this.#client = client;
  }

  /** The endpoint's URL, without a path. Rejects with a `service-…` AgentError. */
  async get(stream: string, api: APIName, signal: AbortSignal): Promise<string> {
    const known = this.#known.get(stream)?.get(api);
    if (known !== undefined) return known;
    const endpoint = await this.#ask(stream, api, signal);
    const ofStream = this.#known.get(stream) ?? new Map<APIName, string>();
    this.#known.set(stream, ofStream.set(api, endpoint));
    return endpoint;
  }

  /** The next `get` of any API of this stream asks the service again. */
  forget(stream: string): void {
    this.#known.delete(stream);
  }

  async #ask(stream: string, api: APIName, signal: AbortSignal): Promise<string> {
    const what = `say where the media of the stream ${stream} goes`;
    try {
      const command = new GetDataEndpointCommand({ StreamName: stream, APIName: api });
      const { DataEndpoint } = await this.#client.send(command, { abortSignal: signal });
      if (DataEndpoint === undefined || !URL.canParse(DataEndpoint)) throw new Error('The answer names no endpoint');
      return DataEndpoint;
    } catch (error) {
      signal.throwIfAborted();
      throw serviceError(error, what);
    }
  }
}

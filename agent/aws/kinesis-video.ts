// Kinesis Video Streams as the agent uses it. One for the process: it holds the control plane's client and the endpoints.
import { type APIName, KinesisVideoClient } from '@aws-sdk/client-kinesis-video';
import type { Clock } from '../clock.ts';
import { type Aws, clientOptions } from './aws.ts';
import { DataEndpoints } from './endpoints.ts';
import { type ListFragmentsOptions, listFragments, type StoredFragment } from './fragments.ts';
import { signPutMedia } from './sign.ts';
import { type EnsureStreamOptions, ensureStream, type Stream } from './streams.ts';

/** Every method rejects with a `service-…` AgentError, or with the signal's reason. */
export class KinesisVideo implements Disposable {
  readonly #aws: Aws & { refresh?: () => void };
  readonly #clock: Clock;
  readonly #client: KinesisVideoClient;
  readonly #endpoints: DataEndpoints;

  constructor(aws: Aws & { refresh?: () => void }, clock: Clock) {
    this.#aws = aws;
    this.#clock = clock;
    this.#client = new KinesisVideoClient(clientOptions(aws));
    this.#endpoints = new DataEndpoints(this.#client);
  }

  /** Creates the stream when it is missing and waits until it is active. */
  ensureStream(options: EnsureStreamOptions): Promise<Stream> {
    return ensureStream(this.#client, this.#clock, options);
  }

  /** Kept until `forgetEndpoints`. */
  dataEndpoint(stream: string, api: APIName, signal: AbortSignal): Promise<string> {
    return this.#endpoints.get(stream, api, signal);
  }

  /** For a call that failed in a way another address may mend. */
  forgetEndpoints(stream: string): void {
    this.#endpoints.forget(stream);
  }

  /** After a refusal: the next call is signed with credentials that were asked for anew, if they can be. */
  renewCredentials(): void {
    this.#aws.refresh?.();
  }

  /** Stored fragments by producer timestamp; a stream without retention has none to list and refuses. */
  async listFragments(options: ListFragmentsOptions): Promise<StoredFragment[]> {
    const endpoint = await this.#endpoints.get(options.stream, 'LIST_FRAGMENTS', options.signal);
    return listFragments(this.#aws, endpoint, options);
  }

  /** The signed headers of a PutMedia request. */
  signPutMedia(url: URL, headers: Record<string, string>): Promise<Record<string, string>> {
    return signPutMedia(this.#aws, { url, headers, nowMs: this.#clock.nowMs() });
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}

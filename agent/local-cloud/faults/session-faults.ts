// Faults within one PutMedia connection: what happens to its body on the way in and to its acks on the way out.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { Ack } from '../put-media/ack.ts';
import { AckError, ackErrorCode, ackLine } from '../put-media/ack.ts';
import type { FragmentTaker, SessionTap } from '../put-media/session.ts';
import { AckWriter } from './ack-writer.ts';
import type { Shape } from './answer-shape.ts';
import type { Faults } from './faults.ts';
import type { FaultOf } from './plan.ts';

export type SessionFaultsOptions = {
  faults: Faults;
  clock: Clock;
  stream: string;
  /** Whose signature the session has. */
  accessKeyId: string;
  response: ServerResponse;
  /** Told of each fragment that is stored, by its number. */
  onStored: (number: string) => void;
  /** Of its acks all together. */
  shape: Shape;
};

export class SessionFaults implements SessionTap {
  readonly #options: SessionFaultsOptions;
  readonly #writer: AckWriter;
  /** The error the fragment that arrives is to get. */
  #pending: FaultOf<'ack-error'> | undefined;
  /** Numbers of fragments that were not stored: nothing may ever say that they were. */
  readonly #forgotten = new Set<string>();
  readonly #received = new Map<FaultOf<'drop'>, number>();
  /** Fell silent in a half-open connection, and stays so: the other end is not told when the fault is over. */
  #silent = false;
  /** Was cut before its acks, and what else had arrived is not stored either. */
  #forgetful = false;

  constructor(options: SessionFaultsOptions) {
    this.#options = options;
    this.#writer = new AckWriter(options.response, options.clock, options.shape);
  }

  async take(chunk: Uint8Array, stopped: AbortSignal): Promise<void> {
    const { faults, clock, stream } = this.#options;
    if (this.#isSilent()) await aborted(stopped);
    this.#expire();
    this.#drop(chunk.length);
    this.#failFragment();
    const bytesPerSecond = faults.find('slow', stream)?.bytesPerSecond;
    if (bytesPerSecond !== undefined)
      await clock.sleep((chunk.length / bytesPerSecond) * 1000, stopped).catch(() => undefined);
  }

  acknowledge(ack: Ack): void {
    const { faults, stream } = this.#options;
    if (this.#options.response.destroyed || this.#isSilent() || this.#isWithheld(ack)) return;
    if (ack.type === 'BUFFERING') this.#pending = faults.find('ack-error', stream);
    const shape = faults.find('acks', stream);
    if (shape) faults.meet(shape);
    this.#writer.write(ackLine(ack), { as: shape?.as, lateMs: faults.find('slow', stream)?.acksMs ?? 0 });
  }

  /** The store as this session sees it: what a fault says is not stored is dropped. */
  tapStore(store: FragmentTaker): FragmentTaker {
    return {
      findStream: name => store.findStream(name),
      receive: arriving => store.receive(arriving),
      persist: async (arrival, content) => {
        if (this.#forgets()) {
          this.#forgotten.add(arrival.number);
          return arrival.writer.discard();
        }
        const stored = await store.persist(arrival, content);
        this.#options.onStored(arrival.number);
        return stored;
      },
    };
  }

  #isSilent(): boolean {
    this.#silent ||= this.#options.faults.find('half-open') !== undefined;
    return this.#silent;
  }

  #forgets(): boolean {
    const { faults, stream } = this.#options;
    if (this.#forgetful) return true;
    return [faults.find('drop-before-acks', stream), faults.find('withhold', stream)].some(
      fault => fault?.stored === false,
    );
  }

  #isWithheld(ack: Ack): boolean {
    const { faults, stream } = this.#options;
    if (ack.type === 'ERROR' || ack.type === 'IDLE') return faults.find('withhold', stream)?.acks === 'all';
    const cut = faults.find('drop-before-acks', stream);
    if (cut) {
      if (ack.type !== (cut.stored ? 'PERSISTED' : 'RECEIVED')) return true;
      this.#forgetful = !cut.stored;
      this.#cut(cut);
      return true;
    }
    const withhold = faults.find('withhold', stream);
    const isLast = ack.type === 'PERSISTED';
    if (withhold && (isLast || withhold.acks === 'all')) {
      if (isLast) faults.meet(withhold);
      return true;
    }
    return isLast && this.#forgotten.has(ack.fragment.number);
  }

  #failFragment(): void {
    const fault = this.#pending;
    this.#pending = undefined;
    if (!fault || this.#options.faults.find('ack-error', this.#options.stream) !== fault) return;
    this.#options.faults.meet(fault);
    throw new AckError(ackErrorCode(fault.id));
  }

  #drop(bytes: number): void {
    const fault = this.#options.faults.find('drop', this.#options.stream);
    if (!fault) return;
    const received = (this.#received.get(fault) ?? 0) + bytes;
    this.#received.set(fault, received);
    if (received >= fault.afterBytes) this.#cut(fault);
  }

  #expire(): void {
    const { faults, accessKeyId } = this.#options;
    const fault = faults.all('token-expired').find(expired => expired.accessKeyId === accessKeyId);
    if (fault) this.#cut(fault);
  }

  #cut(fault: FaultOf<'drop' | 'drop-before-acks' | 'token-expired'>): void {
    this.#options.faults.meet(fault);
    this.#options.response.destroy();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

// Which of several PutMedia connections of one stream is the producer's. Whoever renews its credentials opens the next
// connection while it still sends a fragment on the one before, so the newer one does not win by being opened: an older
// one takes no further fragment once the newer has begun one, and is over when the newer has completed one.
import { Retired } from './archiving.ts';
import type { FragmentTaker, Session } from './session.ts';

/** More at once are no succession. */
const maxSessions = 5;

export class Succession {
  /** By stream, oldest first. */
  readonly #sessions = new Map<string, Session[]>();
  /** A newer session has begun a fragment. */
  readonly #retired = new WeakSet<Session>();
  #isClosed = false;

  of(stream: string): readonly Session[] {
    return this.#sessions.get(stream) ?? [];
  }

  /** Until the session is over. `make` gets the store it is to write to. */
  async run(stream: string, store: FragmentTaker, make: (store: FragmentTaker) => Session): Promise<void> {
    const older = () => {
      const sessions = this.of(stream);
      return sessions.slice(0, sessions.indexOf(session));
    };
    const session = make({
      findStream: name => store.findStream(name),
      receive: async arriving => {
        if (this.#retired.has(session)) throw new Retired();
        for (const one of older()) this.#retired.add(one);
        return store.receive(arriving);
      },
      // Nothing of an older session is stored after something of a newer one: readers follow the numbers.
      persist: async (...fragment) => {
        await end(older(), 'replaced');
        return store.persist(...fragment);
      },
    });
    this.#sessions.set(stream, [...this.of(stream), session]);
    void end(this.of(stream).slice(0, -maxSessions), 'replaced');
    if (this.#isClosed) session.stop('closing');
    try {
      await session.done;
    } finally {
      const others = this.of(stream).filter(one => one !== session);
      if (others.length > 0) this.#sessions.set(stream, others);
      else this.#sessions.delete(stream);
    }
  }

  /** Ends all sessions, and those that still come; resolves when the ones that were there are over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await end([...this.#sessions.values()].flat(), 'closing');
  }
}

async function end(sessions: readonly Session[], reason: 'replaced' | 'closing'): Promise<void> {
  for (const session of sessions) session.stop(reason);
  // How a session ended is told where it was served.
  await Promise.allSettled(sessions.map(session => session.done));
}

/** Who follows a source. What one of them throws keeps no other from hearing, and ends nothing. */
import type { Follower } from '../core/endpoint-source.ts';
import type { Reporter } from '../core/observer.ts';
import { reasonOf } from './errors.ts';

/** One follow: an object of its own, so that a follower given twice is stopped once for each. */
export interface Followed<E> {
  readonly follower: Follower<E>;
}

export class Followers<E> {
  readonly #reporter: Reporter;
  readonly #all = new Set<Followed<E>>();

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  get size(): number {
    return this.#all.size;
  }

  add(follower: Follower<E>): Followed<E> {
    const one: Followed<E> = { follower };
    this.#all.add(one);
    return one;
  }

  /** Whether it was there. */
  delete(one: Followed<E>): boolean {
    return this.#all.delete(one);
  }

  clear(): void {
    this.#all.clear();
  }

  /** Tells those that follow now, for as long as it is still true: whoever is told may make it change. */
  tell(say: (follower: Follower<E>) => void, holds: () => boolean): void {
    const now = [...this.#all];
    for (const one of now) {
      if (!holds()) return;
      this.tellOne(one, say);
    }
  }

  tellOne(one: Followed<E>, say: (follower: Follower<E>) => void): void {
    if (!this.#all.has(one)) return;
    try {
      say(one.follower);
    } catch (error) {
      if (this.#reporter.on) this.#reporter.tell('follower-threw', { reason: reasonOf(error) });
    }
  }
}

/**
 * A far tier for tests, in memory: what Redis would be, without Redis. Each process of a test connects to it; it can
 * fail, hang, come back, and come back empty.
 */
import type {
  CacheStore,
  LoadLease,
  Opening,
  StoredValue,
  StoreListener,
} from '../cache/tiers/cache-store.ts';
import { isFresh } from '../cache/tiers/cache-store.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { EvenkeelError } from '../core/errors.ts';
import { checkOneOf } from '../core/options.ts';

/** How it answers: as it should, with errors, or never. */
export type FakeStoreMode = 'well' | 'failing' | 'hanging';

export interface FakeStore {
  /** A client of it, as one process has it. */
  connect(): CacheStore;
  /** How it answers from now on. What hangs is answered when it is well again. */
  behave(mode: FakeStoreMode): void;
  /** Forgets everything, as a server does that is started anew; its clients are told that they may have missed something. */
  restart(): void;
  /** How many steps it was asked for, by name. */
  readonly steps: Readonly<Record<string, number>>;
  /** The keys that it holds values of. */
  keys(): string[];
  /** Puts this text where a key's value is, whatever it says. */
  corrupt(key: string, text: string): void;
}

interface Held {
  readonly token: string;
  readonly untilMs: number;
}

/** Stands where a lease was that has been ended by a change. */
const ENDED = '';

/**
 * A store that processes share, in memory, for tests of `tiered` caches.
 *
 * @example
 * ```ts
 * import { tiered } from 'evenkeel';
 * import { fakeStore } from 'evenkeel/testing';
 * const store = fakeStore();
 * const users = tiered({ near: { load: async (id: string) => `user ${id}`, ttlMs: 5_000 }, far: store.connect() });
 * store.behave('failing');
 * if ((await users.get('42')) !== 'user 42') throw new Error('a dead store fails no read');
 * ```
 */
export function fakeStore(options: { readonly clock?: Clock } = {}): FakeStore {
  return new MemoryStore(options.clock ?? systemClock);
}

class MemoryStore implements FakeStore {
  readonly steps: Record<string, number> = {};
  readonly #clock: Clock;
  readonly #listeners = new Map<object, StoreListener>();
  readonly #values = new Map<string, StoredValue>();
  readonly #leases = new Map<string, Held>();
  readonly #tags = new Map<string, number>();
  readonly #hanging: (() => void)[] = [];
  #clearedAtMs = -Infinity;
  #mode: FakeStoreMode = 'well';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  connect(): CacheStore {
    const client = {};
    const step = <T>(what: string, run: () => T): Promise<T> => this.#step(what, run);
    return {
      open: (key, lease) => step('open', () => this.#open(key, lease)),
      write: (key, value, token) => step('write', () => this.#write(client, key, value, token)),
      release: (key, token) =>
        step('release', () => void (this.#holder(key)?.token === token && this.#leases.delete(key))),
      remove: (key) =>
        step('remove', () => {
          this.#values.delete(key);
          this.#end(key);
          this.#tell(client, (listener) => listener.removed(key));
        }),
      invalidateTag: (tag) =>
        step('invalidateTag', () => {
          this.#tags.set(tag, this.#clock.now());
          this.#tell(client, (listener) => listener.invalidated(tag));
        }),
      clear: () =>
        step('clear', () => {
          this.#clearedAtMs = this.#clock.now();
          this.#tell(client, (listener) => listener.cleared());
        }),
      follow: (listener) => {
        this.#listeners.set(client, listener);
        return () => this.#listeners.delete(client);
      },
    };
  }

  behave(mode: FakeStoreMode): void {
    this.#mode = checkOneOf('fakeStore', 'mode', mode, ['well', 'failing', 'hanging']);
    if (mode === 'well') for (const answer of this.#hanging.splice(0)) answer();
  }

  restart(): void {
    this.#values.clear();
    this.#leases.clear();
    this.#tags.clear();
    this.#clearedAtMs = -Infinity;
    for (const listener of this.#listeners.values()) listener.lost();
  }

  keys(): string[] {
    return [...this.#values.keys()];
  }

  corrupt(key: string, text: string): void {
    const value = this.#values.get(key);
    if (value !== undefined) this.#values.set(key, { ...value, text });
  }

  async #step<T>(what: string, run: () => T): Promise<T> {
    this.steps[what] = (this.steps[what] ?? 0) + 1;
    if (this.#mode === 'hanging') await new Promise<void>((resolve) => this.#hanging.push(resolve));
    if (this.#mode === 'failing') throw new EvenkeelError('EVENKEEL_TESTING', 'fakeStore: it is failing');
    return run();
  }

  #open(key: string, lease: LoadLease | undefined): Opening {
    const nowMs = this.#clock.now();
    const stored = this.#valid(key, nowMs);
    const wanted =
      lease !== undefined && (lease.when !== 'stale' || stored === undefined || !isFresh(stored, nowMs));
    const holder = this.#holder(key);
    const free = holder === undefined || holder.token === ENDED;
    const leased = wanted && (holder?.token === lease.token || (free && lease.when !== 'held'));
    if (leased) this.#leases.set(key, { token: lease.token, untilMs: nowMs + lease.ms });
    return { stored, leased, nowMs };
  }

  #write(client: object, key: string, value: StoredValue, token: string | undefined): boolean {
    if (token === undefined) this.#end(key);
    else if (this.#holder(key)?.token !== token) return false;
    else this.#leases.delete(key);
    this.#values.set(key, value);
    if (token === undefined) this.#tell(client, (listener) => listener.removed(key));
    return true;
  }

  #end(key: string): void {
    this.#leases.set(key, { token: ENDED, untilMs: Infinity });
  }

  #holder(key: string): Held | undefined {
    const held = this.#leases.get(key);
    return held !== undefined && this.#clock.now() < held.untilMs ? held : undefined;
  }

  #valid(key: string, nowMs: number): StoredValue | undefined {
    const value = this.#values.get(key);
    if (value === undefined || nowMs >= value.sinceMs + value.keepMs) return undefined;
    const changedMs = Math.max(
      this.#clearedAtMs,
      ...value.tags.map((tag) => this.#tags.get(tag) ?? -Infinity),
    );
    return changedMs >= value.sinceMs ? undefined : value;
  }

  /** All but the one who did it know already, or do not. */
  #tell(client: object, say: (listener: StoreListener) => void): void {
    for (const [one, listener] of this.#listeners) if (one !== client) say(listener);
  }
}

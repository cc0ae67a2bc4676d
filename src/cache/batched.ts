/**
 * Loads in batches: many keys in one call of the origin, each with an end of its own.
 *
 * It is a loader like any other, so the cache in front of it does per key what it always does: coalesces (also across
 * batches that overlap), fences, serves stale. Here is only the gathering.
 */
import { type AbortHook, hookOf, unlink } from '../core/abort.ts';
import { Call } from '../core/call.ts';
import { type Clock, systemClock, type TimerHandle } from '../core/clock.ts';
import { Context, contextOf } from '../core/context.ts';
import { OptionError } from '../core/errors.ts';
import { checkCount, checkDuration, checkFunction } from '../core/options.ts';
import { invoke, type Next } from '../core/policy.ts';
import { Scope } from '../core/scope.ts';
import type { CallContext } from '../core/transport.ts';
import { CAPACITY } from './capacity.ts';

export interface BatchedOptions<A, V> {
  /**
   * Gets the values of many keys: one for each, in the order of `args`; an `Error` in the place of a value fails that
   * key alone. Its signal aborts when none of the keys is wanted any more.
   */
  readonly loadMany: (args: readonly A[], context: CallContext) => Promise<readonly (V | Error)[]>;
  /** The most keys in one batch. @defaultValue 100 */
  readonly maxBatch?: number;
  /** How many batches may be under way; keys that come then wait in their batches. @defaultValue 10 */
  readonly maxBatches?: number;
  /** How long a batch is gathered; 0 is until the present turn of promises is over. @defaultValue 0 */
  readonly gatherMs?: number;
  readonly clock?: Clock;
}

/** One key in a batch. */
interface Place<A, V> {
  readonly arg: A;
  readonly resolve: (value: V) => void;
  readonly reject: (error: unknown) => void;
  readonly hook: AbortHook;
  /** Told after it has left its batch. */
  left: (reason: unknown) => void;
}

/** Keys that are asked for together. Begun by the first of them, and run in its async context (law 8). */
interface Batch<A, V> {
  readonly places: Set<Place<A, V>>;
  readonly start: () => void;
  /** Closes it when it has been gathered long enough. */
  timer: TimerHandle;
}

/**
 * A loader that gathers keys and asks for them together; `load` of a cache. The cache's `maxLoads` is by default what
 * all its batches can carry.
 *
 * @throws {@link OptionError} at construction for an option out of its range, and for all keys of a batch if `loadMany`
 * does not answer with a list of the same length
 * @example
 * ```ts
 * import { batched, coalescingCache } from 'evenkeel';
 * const asked: number[][] = [];
 * const users = coalescingCache({
 *   load: batched({
 *     loadMany: async (ids: readonly number[]) => {
 *       asked.push([...ids]);
 *       return ids.map((id) => (id === 3 ? new Error('no such user') : { id }));
 *     },
 *   }),
 *   ttlMs: 5_000,
 * });
 * const found = await Promise.allSettled([1, 2, 3].map((id) => users.get(id)));
 * if (asked.length !== 1 || found[2]?.status !== 'rejected') throw new Error('not in one batch');
 * ```
 */
export function batched<A, V>(options: BatchedOptions<A, V>): (arg: A, context: CallContext) => Promise<V> {
  const batches = new Batches(options);
  const load = (arg: A, context: CallContext): Promise<V> => batches.join(arg, contextOf(context));
  return Object.assign(load, { [CAPACITY]: batches.capacity });
}

class Batches<A, V> {
  readonly #loadMany: Next<readonly A[], readonly (V | Error)[]>;
  readonly #maxBatch: number;
  readonly #maxBatches: number;
  readonly #gatherMs: number;
  readonly #clock: Clock;
  // The last one is open to those who come.
  readonly #gathered: Batch<A, V>[] = [];
  #open: Batch<A, V> | undefined = undefined;
  #running = 0;

  constructor(options: BatchedOptions<A, V>) {
    const where = 'batched';
    this.#loadMany = checkFunction(where, 'loadMany', options.loadMany);
    this.#maxBatch = checkCount(where, 'maxBatch', options.maxBatch ?? 100);
    this.#maxBatches = checkCount(where, 'maxBatches', options.maxBatches ?? 10);
    this.#gatherMs = checkDuration(where, 'gatherMs', options.gatherMs ?? 0);
    this.#clock = options.clock ?? systemClock;
  }

  get capacity(): number {
    return this.#maxBatch * this.#maxBatches;
  }

  /** Takes a place in the batch that is open. */
  join(arg: A, context: Context | undefined): Promise<V> {
    const batch = (this.#open ??= this.#begin());
    const { places } = batch;
    return new Promise((resolve, reject) => {
      const hook = hookOf((reason) => {
        places.delete(place);
        if (places.size === 0) this.#forget(batch);
        reject(reason);
        place.left(reason);
      });
      const place: Place<A, V> = { arg, resolve, reject, hook, left: () => {} };
      places.add(place);
      context?.onAbort(hook);
      if (places.size === this.#maxBatch) this.#close(batch);
    });
  }

  #begin(): Batch<A, V> {
    const places = new Set<Place<A, V>>();
    let start = (): void => {};
    const turn = new Promise<void>((resolve) => (start = resolve));
    void turn.then(() => this.#run(places));
    const batch: Batch<A, V> = { places, start: () => start(), timer: undefined };
    if (this.#gatherMs > 0) batch.timer = this.#clock.setTimeout(() => this.#close(batch), this.#gatherMs);
    else void Promise.resolve().then(() => this.#close(batch));
    return batch;
  }

  #close(batch: Batch<A, V>): void {
    if (!this.#forget(batch)) return;
    this.#gathered.push(batch);
    this.#next();
  }

  /** The batch is open no more, because it is full, old enough, or all have left it; false if it was not open. */
  #forget(batch: Batch<A, V>): boolean {
    if (this.#open !== batch) return false;
    this.#open = undefined;
    this.#clock.clearTimeout(batch.timer);
    return true;
  }

  #next(): void {
    while (this.#running < this.#maxBatches) {
      const batch = this.#gathered.shift();
      if (batch === undefined) return;
      this.#running++;
      batch.start();
    }
  }

  #run(batch: Set<Place<A, V>>): void {
    const places = [...batch];
    const scope = new Scope(this.#clock, Infinity);
    if (places.length === 0) {
      // All who were in it have left while it waited.
      this.#settle(places, scope, () => {});
      return;
    }
    // Each key has its own limit in the cache; the batch ends when the last of them has left.
    for (const place of places) {
      place.left = (reason) => {
        if (batch.size === 0) scope.abort(reason);
      };
    }
    const args = places.map(({ arg }) => arg);
    const context = new Context(new Call(this.#clock, undefined), scope, 1, undefined);
    invoke(this.#loadMany, args, context).then(
      (values) => this.#settle(places, scope, (place, at) => answer(place, values, at, places.length)),
      (error: unknown) => this.#settle(places, scope, (place) => place.reject(error)),
    );
  }

  #settle(places: readonly Place<A, V>[], scope: Scope, end: (place: Place<A, V>, at: number) => void): void {
    scope.settle();
    this.#running--;
    for (const [at, place] of places.entries()) {
      unlink(place.hook);
      end(place, at);
    }
    this.#next();
  }
}

function answer<A, V>(place: Place<A, V>, values: readonly (V | Error)[], at: number, count: number): void {
  if (!Array.isArray(values) || values.length !== count) {
    const allowed = `a list of ${count}, one for each key`;
    place.reject(new OptionError('batched', 'what loadMany resolves to', values, allowed));
    return;
  }
  const value = values[at] as V | Error;
  if (value instanceof Error) place.reject(value);
  else place.resolve(value);
}

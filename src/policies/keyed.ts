/** Keyed: a policy for each key, so that what fails for one tenant, shard or host fails for that one alone. */
import { BoundedMap } from '../core/bounded-map.ts';
import { OptionError } from '../core/errors.ts';
import { checkCount, checkFunction, checkNumber } from '../core/options.ts';
import { invoke, type Next, type Policy, policyOf } from '../core/policy.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import type { CallContext, CallOptions, Transport } from '../core/transport.ts';

export interface KeyedOptions<P extends Policy, Q = unknown> {
  /** The key of a request. */
  readonly key: (request: Q, context: CallContext) => string;
  /** Makes the policy of a key that is not known. */
  readonly policy: (key: string) => P;
  /** How many keys are known; the one not used for longest is forgotten, and starts anew. @defaultValue 10_000 */
  readonly maxKeys?: number;
  readonly clock?: Clock;
}

/** What {@link keyed} makes. */
export interface Keyed<P extends Policy, Q = unknown> {
  <R extends Q, S, O extends CallOptions>(next: Transport<R, S, O>): Transport<R, S, O>;
  /** The policy of this key, made if it is not known. */
  of(key: string): P;
  snapshot(): KeyedSnapshot;
}

export interface KeyedSnapshot {
  /** Keys known. */
  readonly keys: number;
  /** Keys forgotten for lack of room so far. */
  readonly evicted: number;
}

/**
 * Guards each key by a policy of its own: one breaker for each shard, so that one that is down does not open the circuit
 * for all (Brooker, "Will circuit breakers solve my problems?", 2022), or one bulkhead for each tenant.
 *
 * At most `maxKeys` are known: whoever can make up keys can make it forget, so take them from what you have checked.
 * Not for endpoints of a balancer: give that a `health` tracker. A `rateLimit` has a `key` of its own, which takes less
 * memory.
 *
 * @throws {@link OptionError} at construction for an option out of its range; at the call if `key` does not answer with
 * a string. What `key` or `policy` throws rejects the call, and nothing is sent.
 * @example
 * ```ts
 * import { circuitBreaker, consecutiveFailures, keyed, pipe } from 'evenkeel';
 * const breakers = keyed({
 *   key: (shard: string) => shard,
 *   policy: () => circuitBreaker({ trip: consecutiveFailures({ failures: 1 }) }),
 * });
 * const wire = async (shard: string) => {
 *   if (shard === 'b') throw new Error('down');
 *   return shard;
 * };
 * const call = pipe(wire, breakers);
 * await call('b').catch(() => {});
 * if (breakers.of('b').state !== 'open' || (await call('a')) !== 'a') throw new Error('not apart');
 * ```
 */
export function keyed<P extends Policy, Q = unknown>(options: KeyedOptions<P, Q>): Keyed<P, Q> {
  const policies = new Policies<P>(options);
  const layer = policyOf(
    (next, request, context) => policies.execute(next, request, context),
    options.clock ?? systemClock,
  );
  // A layer of its own: `run` would have no request to take a key from.
  const keyed = <R extends Q, S, O extends CallOptions>(next: Transport<R, S, O>): Transport<R, S, O> =>
    layer(next);
  return Object.assign(keyed, {
    of: (key: string) => policies.of(key),
    snapshot: () => policies.snapshot(),
  });
}

class Policies<P extends Policy> {
  readonly #key: (request: unknown, context: CallContext) => string;
  readonly #make: (key: string) => P;
  readonly #known: BoundedMap<string, P>;
  #evicted = 0;

  constructor({ key, policy, maxKeys = 10_000 }: KeyedOptions<P, never>) {
    this.#key = checkFunction('keyed', 'key', key) as (request: unknown) => string;
    this.#make = checkFunction('keyed', 'policy', policy);
    checkNumber('keyed', 'maxKeys', checkCount('keyed', 'maxKeys', maxKeys), 1, Number.MAX_SAFE_INTEGER);
    this.#known = new BoundedMap('keyed', { maxEntries: maxKeys, evicted: () => this.#evicted++ });
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    let policy: P;
    try {
      const key: unknown = this.#key(request, context);
      if (typeof key !== 'string')
        throw new OptionError('keyed', 'key', key, 'a function that answers with a string');
      policy = this.of(key);
    } catch (error) {
      return Promise.reject(error);
    }
    return policy.run((inner) => invoke(next, request, inner as Context), context);
  }

  of(key: string): P {
    let policy = this.#known.get(key);
    if (policy === undefined) this.#known.set(key, (policy = this.#make(key)));
    return policy;
  }

  snapshot(): KeyedSnapshot {
    return { keys: this.#known.size, evicted: this.#evicted };
  }
}

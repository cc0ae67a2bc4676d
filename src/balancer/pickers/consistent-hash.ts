/**
 * Consistent hashing: calls with the same key go to the same endpoint, and a change of the endpoints moves no
 * more keys than it must. By rendezvous (see structures/rendezvous.ts) with bounded loads (Mirrokni, Thorup,
 * Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2018): an endpoint holds at most
 *
 *   ⌈c · (calls in flight + 1) · its part of the weights⌉
 *
 * calls, and what is beyond goes to the next in the key's order. So one hot key cannot drown one endpoint.
 */
import { type Endpoint, toEndpoint } from '../../core/endpoint.ts';
import { OptionError } from '../../core/errors.ts';
import { checkNumber, checkPort } from '../../core/options.ts';
import { drawOf, keyHashOf, nodeHashOf, rendezvous, scoreOf } from '../../structures/rendezvous.ts';
import { p2c } from './p2c.ts';
import { type Candidate, type PickedCall, type Picker, type PickerState, standing } from './picker.ts';

export interface ConsistentHashOptions {
  /**
   * How much more than its even part of the calls in flight an endpoint may hold, at least 1; `Infinity` for no
   * bound. @defaultValue 1.25
   */
  readonly maxLoad?: number;
  /** Places calls without an `affinityKey`. @defaultValue `p2c()` */
  readonly unkeyed?: Picker;
}

/**
 * Picks by the call's `affinityKey`: equal keys go to the same endpoint while it is well and not overloaded, then
 * to the next in the key's own order, which is where retries go too. Every client finds the same order.
 *
 * Looks at every endpoint, about 20 ns for each, or 50 where weights differ: right for up to a few hundred. Beyond some thousands a ring or
 * Maglev's table would be faster to ask, but moves keys needlessly (Maglev) or spreads them less evenly (a ring).
 * Endpoints are known by their identity, which must be a string, a number or a URL. Not for keys that one caller
 * in a hundred has: what has no key is placed by `unkeyed`.
 *
 * @throws {@link OptionError} for a `maxLoad` below 1, and for endpoints whose identity has no text
 * @example
 * ```ts
 * import { balance, consistentHash } from 'evenkeel';
 * const call = balance({
 *   endpoints: ['a', 'b', 'c'],
 *   send: async (host) => host,
 *   pick: consistentHash(),
 * });
 * const first = await call(undefined, { affinityKey: 'user 42' });
 * if ((await call(undefined, { affinityKey: 'user 42' })) !== first) throw new Error('went elsewhere');
 * ```
 */
export function consistentHash(options: ConsistentHashOptions = {}): Picker {
  const maxLoad = checkNumber('consistentHash', 'maxLoad', options.maxLoad ?? 1.25, 1);
  const unkeyed = checkPort('consistentHash', 'unkeyed', options.unkeyed ?? p2c(), 'create');
  return { create: (tools) => new ConsistentHash(maxLoad, unkeyed.create(tools)) };
}

/**
 * All endpoints in the order in which {@link consistentHash} prefers them for a key: the first three, for
 * instance, are a replica set that every client finds alike. Endpoints that come or go move no others.
 *
 * @throws {@link OptionError} for endpoints whose identity is neither text, a number nor a URL
 * @example
 * ```ts
 * import { preferenceOrder } from 'evenkeel';
 * const replicas = preferenceOrder('user 42', ['a', 'b', 'c', 'd', 'e']).slice(0, 3);
 * const fewer = preferenceOrder('user 42', ['a', 'b', 'c', 'd', 'e'].filter((host) => host !== replicas[0]));
 * if (fewer[0] !== replicas[1]) throw new Error('the next one did not move up');
 * ```
 */
export function preferenceOrder<E>(key: string, endpoints: readonly (E | Endpoint<E>)[]): E[] {
  const nodes = endpoints.map((one) => toEndpoint(one));
  return rendezvous(key, nodes, nameOf, ({ weight }) => weight).map(({ address }) => address);
}

class ConsistentHash implements PickerState {
  readonly #maxLoad: number;
  readonly #unkeyed: PickerState;
  #candidates: readonly Candidate[] = [];
  #hashes: readonly number[] = [];
  #weights = 0;
  #even = true;

  constructor(maxLoad: number, unkeyed: PickerState) {
    this.#maxLoad = maxLoad;
    this.#unkeyed = unkeyed;
  }

  update(candidates: readonly Candidate[]): void {
    this.#hashes = candidates.map(({ endpoint }) => nodeHashOf(nameOf(endpoint)));
    this.#weights = candidates.reduce((sum, { weight }) => sum + weight, 0);
    this.#even = candidates.every(({ weight }) => weight === candidates[0]?.weight);
    this.#candidates = candidates;
    this.#unkeyed.update(candidates);
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    const key = call.options?.affinityKey;
    return key === undefined ? this.#unkeyed.pick(nowMs, call) : this.#holder(keyHashOf(key), nowMs, call);
  }

  dispose(): void {
    this.#unkeyed.dispose?.();
  }

  /** In one look at all: the best standing, then whoever has room, then the highest score. */
  #holder(keyHash: number, nowMs: number, call: PickedCall): Candidate {
    const perWeight = this.#room() / this.#weights;
    let best = this.#candidates[0] as Candidate;
    let [lowest, highest] = [Infinity, -Infinity];
    for (let at = 0; at < this.#candidates.length; at++) {
      const candidate = this.#candidates[at] as Candidate;
      call.trace?.saw(candidate, nowMs);
      const full = candidate.pending >= Math.ceil(perWeight * candidate.weight);
      const order = 2 * standing(candidate, call) + (full ? 1 : 0);
      if (order > lowest) continue;
      const hash = this.#hashes[at] ?? 0;
      const score = this.#even ? drawOf(keyHash, hash) : scoreOf(keyHash, hash, candidate.weight);
      if (order === lowest && score <= highest) continue;
      [best, lowest, highest] = [candidate, order, score];
    }
    return best;
  }

  /** How many calls all endpoints together have room for. */
  #room(): number {
    if (this.#maxLoad === Infinity) return Infinity;
    let pending = 1;
    for (const candidate of this.#candidates) pending += candidate.pending;
    return this.#maxLoad * pending;
  }
}

/** What an endpoint is called on every machine. */
function nameOf({ id }: Endpoint<unknown>): string {
  if (typeof id === 'string' || typeof id === 'number' || id instanceof URL) return String(id);
  throw new OptionError('consistentHash', 'the id of an endpoint', id, 'text, a number or a URL');
}

/**
 * Subsets: in a large fleet each client keeps to a part of the servers. It then has connections to fewer, and
 * sees enough of each to know its load.
 */
import { OptionError } from '../../core/errors.ts';
import type { Outcome } from '../../core/outcome.ts';
import { checkCount } from '../../core/options.ts';
import { rendezvous } from '../../structures/rendezvous.ts';
import { ringPart } from '../../structures/ring-part.ts';
import type { Candidate, PickedCall, PickerState } from '../pickers/picker.ts';
import type { Narrowing } from './narrowing.ts';

export interface SubsetOptions {
  /** How many servers to keep to, at least. @defaultValue 12, so that they are hardly ever all down */
  readonly size?: number;
  /**
   * Who this client is. Its number among all clients, counted from 0: then every server is in exactly the same
   * number of subsets. Or any name of its own: then servers are drawn by that name, in more or fewer subsets by
   * chance. May be a function, asked again whenever the endpoints change.
   */
  readonly client: ClientOfFleet | (() => ClientOfFleet);
}

export type ClientOfFleet = string | { readonly index: number; readonly count: number };

/**
 * Keeps to a subset of the endpoints that is the same on every start of this client, changes by about one when a
 * server comes or goes, and together with those of all other clients covers the servers evenly.
 *
 * With the client's number the servers lie on a ring and each client has an arc of it (Finagle's deterministic
 * aperture); with a name each draws its own by rendezvous hashing (gRPC A68). For hundreds of clients and servers.
 * Listed first, it also says whom a `health` tracker follows and probes, so that a fleet of clients does not drown its
 * servers in checks. Not for few clients: each of them sees all it needs to know of every server.
 *
 * @throws {@link OptionError} for a size below 1, or a client that is neither a name nor a number below the count
 * @example
 * ```ts
 * import { balance, subset } from 'evenkeel';
 * const hosts = Array.from({ length: 100 }, (_, n) => `10.0.0.${n}`);
 * const seen = new Set<string>();
 * const call = balance({
 *   endpoints: hosts,
 *   send: async (host) => seen.add(host),
 *   narrow: [subset({ size: 12, client: { index: 7, count: 50 } })],
 * });
 * for (let n = 0; n < 200; n++) await call();
 * if (seen.size !== 12) throw new Error(`${seen.size} servers`);
 * ```
 */
export function subset(options: SubsetOptions): Narrowing {
  const size = checkCount('subset', 'size', options.size ?? 12);
  const { client } = options;
  if (typeof client !== 'function') checkClient(client);
  const clientNow = (): ClientOfFleet => (typeof client === 'function' ? checkClient(client()) : client);
  return (inner) => ({ create: (tools) => new Subset(size, clientNow, inner.create(tools)) });
}

function checkClient(client: ClientOfFleet): ClientOfFleet {
  if (typeof client === 'string' && client !== '') return client;
  const { index, count } = (client ?? {}) as { index?: number; count?: number };
  if (
    Number.isInteger(index) &&
    Number.isInteger(count) &&
    Number(index) >= 0 &&
    Number(index) < Number(count)
  )
    return client;
  throw new OptionError('subset', 'client', client, 'a name, or an index below a count');
}

class Subset<E> implements PickerState<E> {
  readonly #size: number;
  readonly #client: () => ClientOfFleet;
  readonly #inner: PickerState<E>;

  constructor(size: number, client: () => ClientOfFleet, inner: PickerState<E>) {
    this.#size = size;
    this.#client = client;
    this.#inner = inner;
  }

  update(candidates: readonly Candidate<E>[]): void {
    this.#inner.update(this.within(candidates));
  }

  within(candidates: readonly Candidate<E>[]): readonly Candidate<E>[] {
    const client = this.#client();
    if (candidates.length <= this.#size) return candidates;
    if (typeof client === 'string') return inOrder(client, candidates).slice(0, this.#size);
    // One order of the ring for all clients, in which neighbours have nothing to do with each other.
    const ring = inOrder('ring', candidates);
    const part = ringPart(ring.length, client.index, client.count, this.#size);
    return part.map((at) => ring[at] as Candidate<E>);
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    return this.#inner.pick(nowMs, call);
  }

  ended(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void {
    this.#inner.ended?.(candidate, outcome, latencyMs, nowMs);
  }

  dispose(): void {
    this.#inner.dispose?.();
  }
}

function inOrder<E>(key: string, candidates: readonly Candidate<E>[]): Candidate<E>[] {
  return rendezvous(
    key,
    candidates,
    ({ endpoint }) => String(endpoint.id),
    () => 1,
  );
}

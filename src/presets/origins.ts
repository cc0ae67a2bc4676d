/** The origins of a `resilientFetch`: given once, or found out by a source. */
import { until } from '../core/until.ts';
import type { Context } from '../core/context.ts';
import { type Endpoint, endpoint, toEndpoint, toEndpoints } from '../core/endpoint.ts';
import { type EndpointSource, type Follower, isEndpointSource } from '../core/endpoint-source.ts';
import { OptionError, TimeoutError } from '../core/errors.ts';
import { toOrigin } from '../fetch/origins.ts';

export type GivenOrigins<E> = readonly (E | Endpoint<E>)[] | EndpointSource<E>;

const WHERE = 'resilientFetch';

export class Origins<E> {
  /** What the balancer is given: the same, each address a bare origin or an object that has one. */
  readonly endpoints: readonly Endpoint<E>[] | EndpointSource<E>;
  /** The origins of all endpoints; empty while a source has not answered. */
  known: ReadonlySet<string> = new Set();
  readonly #originOf: ((address: E) => string) | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(given: GivenOrigins<E>, originOf: ((address: E) => string) | undefined) {
    this.#originOf = originOf;
    this.endpoints = isEndpointSource<E>(given) ? this.#tap(given) : this.adopt(listOf(given));
  }

  /** Takes these for the origins from now on; answers with them as endpoints. */
  adopt(list: readonly (E | Endpoint<E>)[]): readonly Endpoint<E>[] {
    const endpoints = toEndpoints(
      WHERE,
      'origins',
      list.map((one) => this.#normal(toEndpoint(one))),
    );
    this.known = new Set(endpoints.map(({ address }) => this.of(address)));
    for (const listener of this.#listeners) listener();
    return endpoints;
  }

  /** The origin that requests to this address name. */
  of(address: E): string {
    if (typeof address === 'string') return address;
    if (this.#originOf === undefined)
      throw new OptionError(WHERE, 'origin', undefined, 'a function, where addresses are no text');
    return toOrigin(WHERE, this.#originOf(address));
  }

  /** Resolves once a source has answered. */
  untilKnown(context: Context, timeoutMs: number): Promise<void> {
    return until(
      {
        clock: context.call.clock,
        timeoutMs,
        holds: () => this.known.size > 0,
        subscribe: (changed) => {
          this.#listeners.add(changed);
          return () => this.#listeners.delete(changed);
        },
        late: () => new TimeoutError(timeoutMs, 'the source of the origins'),
      },
      context,
    );
  }

  #normal(one: Endpoint<E>): Endpoint<E> {
    const { address, id, weight, zone, priority, labels } = one;
    if (typeof address !== 'string' && this.#originOf !== undefined) return one;
    const origin = toOrigin(WHERE, address) as E;
    return endpoint(origin, {
      id: (id === address ? origin : id) as string,
      weight,
      ...(zone !== undefined && { zone }),
      priority,
      labels,
    });
  }

  /** Hears what the source tells the balancer. */
  #tap(source: EndpointSource<E>): EndpointSource<E> {
    const tapped = (follower: Follower<E>): Follower<E> => ({
      found: (endpoints) => {
        try {
          follower.found(this.adopt(endpoints));
        } catch (error) {
          follower.failed(error);
        }
      },
      failed: (error) => follower.failed(error),
      lost: () => follower.lost(),
    });
    return { follow: (follower) => source.follow(tapped(follower)) };
  }
}

function listOf<E>(given: readonly (E | Endpoint<E>)[]): readonly (E | Endpoint<E>)[] {
  if (Array.isArray(given)) return given;
  throw new OptionError(WHERE, 'origins', given, 'a list of origins, or a source of them');
}

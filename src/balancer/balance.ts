/** The balancer: gives each attempt to one of several endpoints, and learns from how it went. */
import type { Endpoint } from '../core/endpoint.ts';
import { transportOf } from '../core/policy.ts';
import type { CallOptions } from '../core/transport.ts';
import { Balancer } from './balancer.ts';
import type { Explanation } from './explanation.ts';
import type { Lease } from './lease.ts';
import type { EndpointView } from './member.ts';
import type { BalanceOptions } from './options.ts';
import { type ReadyOptions, whenReady } from './ready.ts';

/** What {@link balance} makes: a transport over several endpoints. */
export interface Balanced<E, Q, S> {
  (request: Q, options?: CallOptions): Promise<S>;
  /** The endpoints as they stand now. */
  endpoints(): EndpointView<E>[];
  /**
   * Replaces the endpoints. Who stays, by identity, keeps all that is known of it; who goes finishes its calls.
   * An empty list changes nothing: the last good one stays.
   */
  update(endpoints: readonly (E | Endpoint<E>)[]): void;
  /** Resolves when enough endpoints are known to be well; begins the probing of a `health` tracker. */
  ready(options?: ReadyOptions): Promise<void>;
  /**
   * Picks an endpoint for something that is used for longer than a call; it counts as in flight until released.
   *
   * @throws {@link NoEndpointsError} if a source has not answered yet: await `ready()` first
   */
  lease(options?: CallOptions): Lease<E>;
  /**
   * Where a call would go now, and why: who was compared, with what result. Nothing is sent, though a picker that
   * goes in turns takes one. Observers are told the same of every real pick.
   */
  explain(options?: CallOptions): Explanation;
  /**
   * Takes down what an endpoint says of its own load, for a `cost` that heeds it; `id` is its identity. An
   * endpoint that is not known is passed over.
   */
  reportLoad(id: unknown, load: number): void;
  /**
   * Shuts down: refuses new calls with a {@link DrainingError} and waits for those in flight, leases included.
   * Resolves, at the latest after `timeoutMs` (10 s unless said otherwise), with how many are left.
   */
  drain(options?: DrainOptions): Promise<number>;
  snapshot(): BalanceSnapshot<E>;
  /** Refuses new calls, and stops following a source and probing at once; calls in flight go on. */
  dispose(): void;
  [Symbol.dispose](): void;
  /** Drains. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface DrainOptions {
  /** Milliseconds to wait at most. @defaultValue 10_000 */
  readonly timeoutMs?: number;
}

export interface BalanceSnapshot<E> {
  readonly endpoints: readonly EndpointView<E>[];
  /** Calls and leases in flight, also on endpoints that are no longer there. */
  readonly inFlight: number;
  /** Trial calls sent to endpoints that may have recovered. */
  readonly trials: number;
  /** Updates with an empty list, which were not followed. */
  readonly emptyUpdates: number;
}

/**
 * Balances calls over endpoints by the power of two choices: of two drawn at random, the call goes to the one
 * that is healthier, else cheaper. Another attempt of the same call goes to another endpoint.
 *
 * Put `retry` outside of it, so that a failure of one endpoint is another's success; and give it a `health`
 * tracker where endpoints fail for longer. By default calls go anywhere: where a key belongs to one endpoint, pick
 * with `consistentHash`.
 *
 * @throws {@link OptionError} at construction for no endpoints, one that is there twice, or a `send` that is no
 * function; at the call if `send` does not return a promise
 * @throws {@link NoEndpointsError} at the call if a source finds nobody in time
 * @example
 * ```ts
 * import { balance, pipe, retry } from 'evenkeel';
 * const call = pipe(
 *   balance({
 *     endpoints: ['bad', 'good'],
 *     send: async (host, id: number) => {
 *       if (host === 'bad') throw new Error('down');
 *       return `${host}:${id}`;
 *     },
 *   }),
 *   retry({ maxAttempts: 2, baseDelayMs: 1 }),
 * );
 * if ((await call(7)) !== 'good:7') throw new Error('not retried on the other');
 * ```
 */
export function balance<E, Q = void, S = unknown>(options: BalanceOptions<E, Q, S>): Balanced<E, Q, S> {
  const balancer = new Balancer(options);
  const { membership } = balancer;
  const call = transportOf<Q, S>(
    (_next, request, context) => balancer.execute(request, context),
    () => Promise.reject(),
    balancer.clock,
  );
  const drain = (drain?: DrainOptions): Promise<number> => balancer.drain(drain?.timeoutMs ?? 10_000);
  return Object.assign(call, {
    endpoints: () => membership.views(),
    update: (endpoints: readonly (E | Endpoint<E>)[]) => membership.update(endpoints),
    ready: (ready?: ReadyOptions) => {
      balancer.start();
      return whenReady(ready, balancer.clock, membership, balancer.health);
    },
    lease: (said?: CallOptions) => balancer.lease(said),
    explain: (said?: CallOptions) => balancer.explain(said),
    reportLoad: (id: unknown, load: number) => balancer.reportLoad(id, load),
    drain,
    snapshot: () => ({
      endpoints: membership.views(),
      inFlight: balancer.inFlight,
      trials: balancer.trials,
      emptyUpdates: membership.emptyUpdates,
    }),
    dispose: () => balancer.dispose(),
    // Where the platform has no Symbol.dispose, dispose() and drain() are there all the same.
    ...(Symbol.dispose !== undefined && { [Symbol.dispose]: () => balancer.dispose() }),
    ...(Symbol.asyncDispose !== undefined && { [Symbol.asyncDispose]: () => drain().then(() => {}) }),
  }) as Balanced<E, Q, S>;
}

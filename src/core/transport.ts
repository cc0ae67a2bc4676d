/** The two nouns of evenkeel: a transport, and a layer around it. Everything public is one, or makes one. */

/** How much a call matters; under overload the least critical load is shed first. */
export type Criticality = 'critical' | 'default' | 'sheddable';

/** What a caller may say about one call. */
export interface CallOptions {
  /** Aborts this call: it rejects at once with the signal's own `reason`. */
  readonly signal?: AbortSignal | null | undefined;
  /** Milliseconds that the whole call may take, with its retries and waits. */
  readonly timeoutMs?: number | undefined;
  /** Calls with the same key prefer the same endpoint, where the picker knows keys. */
  readonly affinityKey?: string | undefined;
  /** Lets the server recognise a repeated call; equal on every attempt. Implies that the call may be repeated. */
  readonly idempotencyKey?: string | undefined;
  /** Whether doing this call twice does no more than doing it once. */
  readonly idempotent?: boolean | undefined;
  /** Which load is shed first. */
  readonly criticality?: Criticality | undefined;
}

/**
 * What user code is handed for one attempt of a call. It is itself valid {@link CallOptions} for an inner call,
 * which then shares this call's deadline and its abort.
 *
 * Hand it on as it is. A spread copy (`{ ...context }`) loses `signal`, which is made only when it is read:
 * write `{ ...context, signal: context.signal }` where an object of your own is needed.
 */
export interface CallContext extends CallOptions {
  /** Aborts when this attempt is no longer wanted: the caller left, time ran out, another attempt won. */
  readonly signal: AbortSignal;
  /** Counts from 1. */
  readonly attempt: number;
  /** The address this attempt goes to; `undefined` outside a balancer. */
  readonly endpoint: unknown;
  /** Milliseconds left until the nearest deadline; `Infinity` without one, never below 0. */
  remainingMs(): number;
}

/**
 * Any asynchronous function of a request: `fetch` is one, so is every function that evenkeel returns.
 *
 * @typeParam Q - the request
 * @typeParam S - what the promise resolves to
 * @typeParam O - what its callers may say about a call; layers keep and forward it
 */
export type Transport<Q, S, O extends CallOptions = CallOptions> = (request: Q, options?: O) => Promise<S>;

/** Takes a transport and gives a transport of the same shape. */
export interface Layer {
  <Q, S, O extends CallOptions>(next: Transport<Q, S, O>): Transport<Q, S, O>;
}

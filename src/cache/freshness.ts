/**
 * Freshness as pure data: what is stored, and what may still be done with it at a given time.
 *
 * ```text
 *   load begins        ttl            + staleWhileRevalidate        + staleIfError
 *       |---- fresh ----|----- revalidate ------|------ fallback ------|---- gone
 *                       |<-- both windows count from the end of freshness (RFC 5861)
 * ```
 *
 * Age counts from the START of the load, because the answer is as old as the question (RFC 9111 §4.2.3). No
 * failure moves a window: what is `gone` is never served again. Times are whole milliseconds since the cache was
 * first used, which V8 keeps in the entry itself: 32 bytes less than two boxed numbers.
 */

/** How long after the end of freshness an entry is good for what. */
export interface Windows {
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

/** What is known of a value beside its times; one object for all values that have nothing of their own. */
export interface Terms extends Windows {
  readonly tags: readonly string[] | undefined;
  /** What the loader said would tell it whether the value has changed, such as an ETag. */
  readonly validator: unknown;
  /** How much room it takes. */
  readonly size: number;
}

/**
 * - `fresh`: serve it.
 * - `revalidate`: serve it, and load in the background.
 * - `fallback`: load; serve it only if that fails, or cannot be had in time.
 * - `gone`: never serve it again.
 */
export type Verdict = 'fresh' | 'revalidate' | 'fallback' | 'gone';

/** The last loads of this key failed. */
export interface Trouble {
  /** In a row. */
  readonly failures: number;
  /** No load is tried before; never later than the end of the windows. */
  readonly retryAtMs: number;
  readonly error: unknown;
}

const REFUSED: Terms = {
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  tags: undefined,
  validator: undefined,
  size: 1,
};

export class Entry<V> {
  readonly value: V;
  /** When the load that brought it began. */
  readonly sinceMs: number;
  freshUntilMs: number;
  readonly terms: Terms;
  /** How long the load took. */
  readonly costMs: number;
  /** The generation of tags at which it was last known not to be invalidated. */
  generation: number;
  trouble: Trouble | undefined = undefined;
  #promise: Promise<V> | undefined = undefined;

  constructor(
    value: V,
    sinceMs: number,
    freshUntilMs: number,
    terms: Terms,
    costMs: number,
    generation: number,
  ) {
    this.value = value;
    this.sinceMs = sinceMs;
    this.freshUntilMs = freshUntilMs;
    this.terms = terms;
    this.costMs = costMs;
    this.generation = generation;
  }

  /** Made at the first hit and kept: a second `Promise.resolve` would cost more than the whole look-up. */
  get promise(): Promise<V> {
    return (this.#promise ??= Promise.resolve(this.value));
  }

  /** Whether it is no value but a remembered failure. */
  get refused(): boolean {
    return this.terms === REFUSED;
  }
}

/** A remembered failure where nothing is known: `gone` from the start, with trouble until `untilMs`. */
export function refusal(error: unknown, nowMs: number, untilMs: number, generation: number): Entry<never> {
  const entry = new Entry(undefined as never, nowMs, nowMs, REFUSED, 0, generation);
  entry.trouble = { failures: 1, retryAtMs: untilMs, error };
  return entry;
}

export function verdictOf(entry: Entry<unknown>, nowMs: number): Verdict {
  const pastMs = nowMs - entry.freshUntilMs;
  if (pastMs < 0) return 'fresh';
  if (pastMs < entry.terms.staleWhileRevalidateMs) return 'revalidate';
  return pastMs < entry.terms.staleIfErrorMs ? 'fallback' : 'gone';
}

/** When nothing may be served any more. */
export function closesMs({ freshUntilMs, terms }: Entry<unknown>): number {
  return freshUntilMs + Math.max(terms.staleWhileRevalidateMs, terms.staleIfErrorMs);
}

/**
 * How long a value is fresh when up to `jitter` of its time is taken away by a draw: values that were loaded
 * together, by the processes of a fleet after a deploy, then do not end together. Never more than `ttlMs`.
 *
 * @param draw - a random number from 0 up to 1
 */
export function jittered(ttlMs: number, jitter: number, draw: number): number {
  return jitter === 0 ? ttlMs : Math.ceil(ttlMs * (1 - jitter * draw));
}

/** No draw is so small that its logarithm is below this: the smallest above 0 is 2^-53. */
const MOST_EARLY = 37;

/** Whether the end of freshness is so near that {@link isEarly} is worth a draw. */
export function mayBeEarly(entry: Entry<unknown>, nowMs: number, beta: number): boolean {
  return nowMs + MOST_EARLY * beta * entry.costMs >= entry.freshUntilMs;
}

/**
 * XFetch (Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015):
 * a reader refreshes before the end of freshness if `now − cost · β · ln(draw) ≥ end`. The more readers and the
 * longer a load takes, the earlier one of them does, by about `β · cost · ln(β · rate · cost)`.
 *
 * @param draw - a random number from 0 up to 1
 */
export function isEarly(entry: Entry<unknown>, nowMs: number, beta: number, draw: number): boolean {
  return nowMs - entry.costMs * beta * Math.log(1 - draw) >= entry.freshUntilMs;
}

/**
 * The trouble after one more failure. The pause doubles with every failure in a row, from `baseMs` to `maxMs`;
 * from the second on a draw takes up to half of it away, so that a fleet does not return in step, but it is never
 * shorter than `baseMs`.
 *
 * @param draw - a random number from 0 up to 1
 */
export function afterFailure(
  entry: Entry<unknown>,
  error: unknown,
  nowMs: number,
  baseMs: number,
  maxMs: number,
  draw: number,
): Trouble {
  const failures = (entry.trouble?.failures ?? 0) + 1;
  const fullMs = Math.min(maxMs, baseMs * 2 ** (failures - 1));
  const pauseMs = Math.ceil(Math.max(baseMs, fullMs * (1 - draw / 2)));
  // Once the windows have closed there is nothing to serve meanwhile, and the pause would only refuse callers.
  return { failures, retryAtMs: Math.min(nowMs + pauseMs, closesMs(entry)), error };
}

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

const NO_WINDOWS: Windows = { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };

export class Entry<V> {
  readonly value: V;
  /** When the load that brought it began. */
  readonly sinceMs: number;
  readonly freshUntilMs: number;
  readonly windows: Windows;
  readonly tags: readonly string[] | undefined;
  /** The generation of tags at which it was last known not to be invalidated. */
  generation: number;
  trouble: Trouble | undefined = undefined;
  #promise: Promise<V> | undefined = undefined;

  constructor(
    value: V,
    sinceMs: number,
    ttlMs: number,
    windows: Windows,
    tags: readonly string[] | undefined,
    generation: number,
  ) {
    this.value = value;
    this.sinceMs = sinceMs;
    this.freshUntilMs = sinceMs + ttlMs;
    this.windows = windows;
    this.tags = tags;
    this.generation = generation;
  }

  /** Made at the first hit and kept: a second `Promise.resolve` would cost more than the whole look-up. */
  get promise(): Promise<V> {
    return (this.#promise ??= Promise.resolve(this.value));
  }
}

/** A remembered failure where nothing is known: `gone` from the start, with trouble until `untilMs`. */
export function refusal(error: unknown, nowMs: number, untilMs: number, generation: number): Entry<never> {
  const entry = new Entry(undefined as never, nowMs, 0, NO_WINDOWS, undefined, generation);
  entry.trouble = { failures: 1, retryAtMs: untilMs, error };
  return entry;
}

export function verdictOf(entry: Entry<unknown>, nowMs: number): Verdict {
  const pastMs = nowMs - entry.freshUntilMs;
  if (pastMs < 0) return 'fresh';
  if (pastMs < entry.windows.staleWhileRevalidateMs) return 'revalidate';
  return pastMs < entry.windows.staleIfErrorMs ? 'fallback' : 'gone';
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
  const { staleWhileRevalidateMs, staleIfErrorMs } = entry.windows;
  const closesMs = entry.freshUntilMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs);
  return { failures, retryAtMs: Math.min(nowMs + pauseMs, closesMs), error };
}

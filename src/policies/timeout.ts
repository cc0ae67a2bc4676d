/** Timeout: how long a call may take. The limit itself is kept by the door of every layer (core/policy.ts). */
import type { Context } from '../core/context.ts';
import { Reporter } from '../core/observer.ts';
import { checkInterval } from '../core/options.ts';
import { invoke, type Limit, type Next } from '../core/policy.ts';
import { type Engine, type Guard, guardOf, type GuardOptions, observes } from './guard.ts';

export interface TimeoutOptions extends GuardOptions {
  /** Milliseconds after which the call rejects; above 0. */
  readonly timeoutMs: number;
}

/** What {@link timeout} makes. */
export type Timeout = Guard<TimeoutOptions, TimeoutSnapshot>;

export interface TimeoutSnapshot {
  readonly timeoutMs: number;
  /** Calls that ran out of this time so far. */
  readonly timeouts: number;
}

/**
 * Limits how long a call may take. When the time is up the caller is rejected at once with a
 * {@link TimeoutError}, and the signal of what runs inside aborts with the same error.
 *
 * Inside a `retry` it limits each attempt, outside the whole call. Limits nest: the tighter wins, and a limit
 * inside one that ends sooner costs nothing. Not for waiting: it never makes anything happen earlier.
 *
 * @throws {@link OptionError} at construction if `timeoutMs` is not above 0
 * @throws {@link TimeoutError} when the time is up
 * @example
 * ```ts
 * import { isTimeoutError, timeout } from 'evenkeel';
 * const forever = () => new Promise<never>(() => {});
 * const error = await timeout({ timeoutMs: 5 }).run(forever).catch((error: unknown) => error);
 * if (!isTimeoutError(error)) throw new Error('not a timeout');
 * ```
 */
export function timeout(options: TimeoutOptions): Timeout {
  const timer = new Timer(options);
  return guardOf(
    'timeout',
    options,
    timer,
    (next, request, context) =>
      timer.observes ? timer.observe(next, request, context) : invoke(next, request, context),
    timer,
  );
}

class Timer implements Engine<TimeoutOptions, TimeoutSnapshot>, Limit {
  readonly reporter: Reporter;
  /** What the door enforces. */
  ms: number = Infinity;
  #timeoutMs: number = Infinity;
  observes: boolean = false;
  #timeouts: number = 0;

  constructor(options: TimeoutOptions) {
    this.reporter = new Reporter('timeout', options);
    this.configure(options);
  }

  configure(options: TimeoutOptions): void {
    const timeoutMs = checkInterval('timeout', 'timeoutMs', options.timeoutMs);
    this.observes = observes('timeout', options);
    this.#timeoutMs = timeoutMs;
    this.ms = this.observes ? Infinity : timeoutMs;
  }

  expired(): void {
    this.#timeouts++;
    if (this.reporter.on)
      this.reporter.tell(this.observes ? 'would-time-out' : 'timed-out', { timeoutMs: this.#timeoutMs });
  }

  snapshot(): TimeoutSnapshot {
    return { timeoutMs: this.#timeoutMs, timeouts: this.#timeouts };
  }

  /** Lets the call take its time, and tells if that was too much. */
  async observe<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const { clock } = context.call;
    const ends = context.remainingMs() > this.#timeoutMs;
    const timer = ends && clock.setTimeout(() => this.expired(), this.#timeoutMs, 'background');
    try {
      return await invoke(next, request, context);
    } finally {
      if (ends) clock.clearTimeout(timer);
    }
  }
}

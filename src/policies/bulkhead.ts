/** Bulkhead: at most so many calls at once, so that one slow dependency cannot take everything with it. */
import type { Context } from '../core/context.ts';
import { Reporter } from '../core/observer.ts';
import { checkCount } from '../core/options.ts';
import { invoke, type Next } from '../core/policy.ts';
import { BulkheadFullError } from './errors.ts';
import { type Engine, type Guard, guardOf, type GuardOptions } from './guard.ts';
import { type Keeper, Places, type PlacesOptions } from './places.ts';
import type { TurnedAway } from './waiting-line.ts';

export interface BulkheadOptions extends GuardOptions, PlacesOptions {
  /** How many calls run at once. */
  readonly maxConcurrent: number;
}

/** What {@link bulkhead} makes. */
export type Bulkhead = Guard<BulkheadOptions, BulkheadSnapshot>;

export interface BulkheadSnapshot {
  readonly running: number;
  readonly waiting: number;
  /** Calls refused so far. */
  readonly refused: number;
}

/**
 * Lets at most `maxConcurrent` calls run; up to `maxQueue` more wait their turn, for at most `queueTimeoutMs`. The rest
 * is refused at once with a {@link BulkheadFullError}.
 *
 * Critical calls go before others, sheddable ones after them; where the queue is full, a more critical call takes the
 * place of a less critical one. A place is held until the work has really ended, also when its caller has left:
 * otherwise the dependency would carry more than was promised. Put a `timeout` inside, or a call that never settles
 * keeps its place for ever. Not for rates: ten calls of a millisecond are ten thousand a second.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link BulkheadFullError} when there is no room
 * @example
 * ```ts
 * import { bulkhead, isBulkheadFullError } from 'evenkeel';
 * const one = bulkhead({ maxConcurrent: 1 });
 * const first = one.run(async () => 'first');
 * const second = await one.run(async () => 'second').catch((error: unknown) => error);
 * if ((await first) !== 'first' || !isBulkheadFullError(second)) throw new Error('only one has room');
 * ```
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  const permits = new Permits(options);
  return guardOf('bulkhead', options, permits, (next, request, context) =>
    permits.execute(next, request, context),
  );
}

class Permits implements Keeper, Engine<BulkheadOptions, BulkheadSnapshot> {
  readonly reporter: Reporter;
  readonly #places: Places;
  limit: number = 0;

  constructor(options: BulkheadOptions) {
    this.reporter = new Reporter('bulkhead', options);
    this.#places = new Places(this);
    this.configure(options);
  }

  configure(options: BulkheadOptions): void {
    const limit = checkCount('bulkhead', 'maxConcurrent', options.maxConcurrent);
    this.#places.checked('bulkhead', options)();
    this.limit = limit;
    this.#places.serve();
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    return this.#places.take()
      ? this.#places.hold(invoke(next, request, context))
      : this.#beyond(next, request, context);
  }

  /** Apart, because a function that holds a closure makes every call pay for it. */
  #beyond<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    return this.#places.beyond(context, () => this.#places.hold(invoke(next, request, context)));
  }

  refusal(reason: TurnedAway): Error {
    return new BulkheadFullError(reason);
  }

  snapshot(): BulkheadSnapshot {
    const { running, waiting, refusals } = this.#places;
    return { running, waiting, refused: refusals.count };
  }
}

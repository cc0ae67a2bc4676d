/** Watching: whoever knows the endpoints tells of them by himself, as lists that come when there is news. */
import { type Clock, systemClock, type TimerHandle } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { errand } from '../core/errand.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { OptionError } from '../core/errors.ts';
import { checkFunction, checkInterval } from '../core/options.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { Background } from '../core/background.ts';
import { Scope } from '../core/scope.ts';
import type { CallContext } from '../core/transport.ts';
import { Backoff } from './backoff.ts';
import { SourceEndedError, SourceStoppedError } from './errors.ts';
import { SharedSource, type Told } from './shared-source.ts';
import { type DiscoverySource, type SourceOptions, sourceOf } from './source.ts';

/** The lists of one watch, as they come. */
type Lists = AsyncIterator<unknown>;

export interface WatchingOptions<E> extends SourceOptions {
  /** Begins a watch: lists of all endpoints, the first as soon as may be. Its signal aborts when it is to end. */
  readonly watch: (context: CallContext) => AsyncIterable<readonly (E | Endpoint<E>)[]>;
  /** Milliseconds without a list after which a watch is given up and begun anew. @defaultValue 600_000 */
  readonly idleTimeoutMs?: number;
  /**
   * Milliseconds before a watch that ended or threw is begun again, half of them jittered; doubles with each one in
   * a row that brought no list. @defaultValue 1_000
   */
  readonly baseDelayMs?: number;
  /** Milliseconds before a watch is begun again, at most. @defaultValue 30_000 */
  readonly maxDelayMs?: number;
  readonly random?: Random;
}

/**
 * A source that tells of changes: an async generator, an event stream, a long poll.
 *
 * A watch that ends, throws, or says nothing for `idleTimeoutMs` (a connection that died without a word looks like
 * one without news) is begun again after a backoff; what it found stays meanwhile. A list that cannot be used is
 * passed over. When the last follower has gone, its signal aborts and `return()` is called. Each list must hold
 * all endpoints: changes are for the generator to add up.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @example
 * ```ts
 * import { watching } from 'evenkeel/discovery';
 * using source = watching({
 *   watch: async function* () {
 *     yield ['10.0.0.11'];
 *     yield ['10.0.0.11', '10.0.0.12'];
 *   },
 * });
 * const counts: number[] = [];
 * await new Promise<void>((resolve) => {
 *   source.follow({ found: ({ length }) => counts.push(length), failed: () => resolve(), lost: () => {} });
 * });
 * if (counts.join() !== '1,2') throw new Error(counts.join());
 * ```
 */
export function watching<E>(options: WatchingOptions<E>): DiscoverySource<E> {
  const where = 'watching';
  const watch = checkFunction(where, 'watch', options.watch);
  const idleTimeoutMs = checkInterval(where, 'idleTimeoutMs', options.idleTimeoutMs ?? 600_000);
  const baseMs = checkInterval(where, 'baseDelayMs', options.baseDelayMs ?? 1000);
  const maxMs = checkInterval(where, 'maxDelayMs', options.maxDelayMs ?? 30_000);
  const backoff = new Backoff(baseMs, maxMs, options.random ?? systemRandom);
  const clock = options.clock ?? systemClock;
  const begin = (context: Context): Lists => iteratorOf(watch(context));
  const work = (told: Told): (() => void) => {
    const run = new Watching({ begin, idleTimeoutMs, backoff, clock }, told);
    void run.watch();
    return () => run.end();
  };
  return sourceOf(new SharedSource<E>(where, options, work));
}

interface Settings {
  readonly begin: (context: Context) => Lists;
  readonly idleTimeoutMs: number;
  readonly backoff: Backoff;
  readonly clock: Clock;
}

/** One run: watch after watch, until it is ended. */
class Watching {
  readonly #settings: Settings;
  readonly #told: Told;
  readonly #background = new Background();
  readonly #scope: Scope;
  #timer: TimerHandle = undefined;
  #watches = 0;
  #open = true;

  constructor(settings: Settings, told: Told) {
    this.#settings = settings;
    this.#told = told;
    this.#scope = new Scope(settings.clock, Infinity);
  }

  end(): void {
    this.#open = false;
    this.#settings.clock.clearTimeout(this.#timer);
    this.#scope.abort(new SourceStoppedError());
  }

  async watch(): Promise<void> {
    const { backoff, clock } = this.#settings;
    this.#watches++;
    try {
      // The scope of the whole watch is what its signal is of; it ends with the run, or with an idle time.
      await this.#errand((context) => this.#follow(context), Infinity, this.#scope);
      this.#told.failed(new SourceEndedError('watching'));
    } catch (error) {
      this.#told.failed(error);
    }
    if (!this.#open) return;
    const again = (): void => {
      if (this.#open) void this.watch();
    };
    this.#timer = clock.setTimeout(() => this.#background.run(again), backoff.failed(), 'background');
  }

  /** Tells of one list after the other, until there are no more. */
  async #follow(context: Context): Promise<void> {
    const { begin, idleTimeoutMs, backoff } = this.#settings;
    const scope = context.scope as Scope;
    const lists = begin(context);
    for (;;) {
      let next: IteratorResult<unknown>;
      try {
        next = await this.#errand(() => lists.next(), idleTimeoutMs, scope);
      } catch (error) {
        // If it hangs, or is not wanted any more, it is told to end; if it threw, it has ended.
        leave(lists);
        scope.abort(error);
        throw error;
      }
      if (next.done === true) return;
      if (this.#told.found(next.value)) backoff.succeeded();
    }
  }

  #errand<T>(run: (context: Context) => Promise<T>, timeoutMs: number, outer: Scope): Promise<T> {
    return errand(
      (_, context) => run(context),
      undefined,
      this.#settings.clock,
      timeoutMs,
      outer,
      this.#watches,
    );
  }
}

function iteratorOf(lists: AsyncIterable<unknown>): Lists {
  const begin = (lists as Partial<AsyncIterable<unknown>> | undefined)?.[Symbol.asyncIterator];
  if (typeof begin !== 'function')
    throw new OptionError('watching', 'what watch returns', lists, 'an async iterable');
  return begin.call(lists);
}

/** Lets the iterator end; not awaited, because one that hangs in `next` does not hear of it before that. */
function leave(lists: Lists): void {
  try {
    lists.return?.()?.then(undefined, () => {});
  } catch {
    // It is over either way.
  }
}

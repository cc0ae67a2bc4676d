/** Metered: tells the observer how each call through it went and how long it took. */
import { type Clock, systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { endingFacts } from '../core/ending.ts';
import { type Observer, Reporter } from '../core/observer.ts';
import { checkFunction, checkOneOf } from '../core/options.ts';
import type { Classify, Outcome } from '../core/outcome.ts';
import { invoke, type Next, type Policy, policyOf } from '../core/policy.ts';
import { Watch, type Watcher } from '../core/watch.ts';

export interface MeteredOptions {
  /** What is measured here: the whole call as its caller sees it, or one attempt of it. @defaultValue `'call'` */
  readonly as?: 'call' | 'attempt';
  /** Judges how a call settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events, and in what metrics make of them. */
  readonly name?: string;
}

/**
 * Tells of each call that has ended: its duration, its outcome, and the code or name of its error. Put it outermost
 * for calls, with the waits and retries in them; and, `as: 'attempt'`, inside the retry for attempts.
 *
 * While nobody listens it costs a property read and tells nothing. Not needed for what the other layers decide,
 * which they tell themselves.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @example
 * ```ts
 * import { metered, type ObserverEvent, pipe, retry } from 'evenkeel';
 * const events: ObserverEvent[] = [];
 * const observer = (event: ObserverEvent) => events.push(event);
 * let calls = 0;
 * const flaky = async (id: number) => (++calls === 1 ? Promise.reject(new Error('once')) : id);
 * const getUser = pipe(
 *   flaky,
 *   metered({ name: 'users', as: 'attempt', observer }),
 *   retry({ baseDelayMs: 1 }),
 *   metered({ name: 'users', observer }),
 * );
 * await getUser(7);
 * const told = events.map(({ type, outcome }) => `${type}: ${String(outcome)}`).join(', ');
 * if (told !== 'attempt: failure, attempt: success, call: success') throw new Error(told);
 * ```
 */
export function metered(options: MeteredOptions = {}): Policy {
  const meter = new Stopwatch(options);
  return policyOf(
    (next, request, context) => meter.execute(next, request, context),
    options.clock ?? systemClock,
  );
}

/** What is under way. */
interface Run {
  readonly startMs: number;
  readonly context: Context;
}

class Stopwatch implements Watcher<Run> {
  readonly #type: 'call' | 'attempt';
  readonly #classify: Classify | undefined;
  readonly #reporter: Reporter;

  constructor(options: MeteredOptions) {
    this.#type = checkOneOf('metered', 'as', options.as ?? 'call', ['call', 'attempt']);
    this.#classify = options.classify && checkFunction('metered', 'classify', options.classify);
    this.#reporter = new Reporter('metered', options);
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    if (!this.#reporter.on) return invoke(next, request, context);
    const run: Run = { startMs: context.call.clock.now(), context };
    return new Watch(context, this.#classify, this, run).follow(invoke(next, request, context));
  }

  ended({ startMs, context }: Run, outcome: Outcome, failed: boolean, result: unknown): void {
    this.#reporter.tell(this.#type, {
      ...endingFacts(context.call.clock.now() - startMs, outcome, failed, result),
      ...(this.#type === 'attempt' && { attempt: context.attempt }),
    });
  }
}

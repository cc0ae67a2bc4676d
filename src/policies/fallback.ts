/** Fallback: another answer instead of an error, for callers who can do with less. */
import type { Context } from '../core/context.ts';
import { OptionError } from '../core/errors.ts';
import { judge } from '../core/judge.ts';
import { Reporter } from '../core/observer.ts';
import { checkFunction } from '../core/options.ts';
import type { Classify, Outcome } from '../core/outcome.ts';
import { invoke, type Next } from '../core/policy.ts';
import type { CallContext, CallOptions, Transport } from '../core/transport.ts';
import { type Adjustable, type Engine, guardOf, type GuardOptions, observes } from './guard.ts';

/** Either `value` or `run` says what to answer. */
export interface FallbackOptions<T, Q = unknown> extends GuardOptions {
  /** The answer. */
  readonly value?: T;
  /**
   * Makes the answer. `error` is what the call threw, or the response that was judged as no success: close what
   * that holds open. `request` is the layer's; under `.run` it is the function.
   */
  readonly run?: (error: unknown, request: Q, context: CallContext) => T | Promise<T>;
  /** Whether to answer instead. @defaultValue on a failure or an overload */
  readonly when?: (outcome: Outcome, error: unknown) => boolean;
  /** Judges how the call settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
}

/** What {@link fallback} makes: a policy whose answers may also be a `T`. */
export interface Fallback<T, Q = unknown> extends Adjustable<FallbackOptions<T, Q>> {
  <R extends Q, S, O extends CallOptions>(next: Transport<R, S, O>): Transport<R, S | T, O>;
  /** Runs `fn` under this policy. */
  run<S>(fn: (context: CallContext) => Promise<S>, options?: CallOptions): Promise<S | T>;
  snapshot(): FallbackSnapshot;
}

export interface FallbackSnapshot {
  /** Calls that were answered instead. */
  readonly answered: number;
  /** Calls for which `when` or `run` threw. */
  readonly failed: number;
}

/**
 * Answers instead of an error. The error is not lost: the event names its code, and `snapshot()` counts.
 *
 * Never for a caller's own abort or time limit: who has left needs no answer. What `when` or `run` throws rejects
 * the call, as in a `catch` block.
 *
 * Best where the answer costs nothing and is used every day, such as a default or the cached value: a fallback
 * that does work is a second system, which is rarely tried and gets all the load when the first is down
 * (Gabrielson, "Avoiding fallback in distributed systems", Amazon Builders' Library). Not for writes. For the
 * last good value there is `cache` with `staleIfErrorMs`.
 *
 * @throws {@link OptionError} at construction unless there is either a `value` or a `run`
 * @example
 * ```ts
 * import { fallback, pipe } from 'evenkeel';
 * const recommend = async (user: string): Promise<string[]> => {
 *   throw new Error(`none for ${user}`);
 * };
 * const call = pipe(recommend, fallback({ value: ['bestsellers'] }));
 * if ((await call('ada'))[0] !== 'bestsellers') throw new Error('no answer');
 * ```
 */
export function fallback<T, Q = unknown>(options: FallbackOptions<T, Q>): Fallback<T, Q> {
  const substitute = new Substitute(options);
  return guardOf('fallback', options, substitute, (next, request, context) =>
    substitute.execute(next, request, context),
  );
}

/** The checked options. */
interface Rules {
  readonly answer: (error: unknown, request: unknown, context: CallContext) => unknown;
  readonly when: (outcome: Outcome, error: unknown) => boolean;
  readonly classify: Classify | undefined;
  readonly observes: boolean;
}

class Substitute implements Engine<FallbackOptions<unknown, never>, FallbackSnapshot> {
  readonly reporter: Reporter;
  #rules: Rules;
  #answered = 0;
  #failed = 0;

  constructor(options: FallbackOptions<unknown, never>) {
    this.reporter = new Reporter('fallback', options);
    this.#rules = rulesOf(options);
  }

  configure(options: FallbackOptions<unknown, never>): void {
    this.#rules = rulesOf(options);
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    return invoke(next, request, context).then(
      (value) => {
        const outcome = judge(context, this.#rules.classify, false, value);
        return outcome.kind === 'success' ? value : this.#instead(request, context, outcome, false, value);
      },
      (error: unknown) =>
        this.#instead(request, context, judge(context, this.#rules.classify, true, error), true, error),
    );
  }

  snapshot(): FallbackSnapshot {
    return { answered: this.#answered, failed: this.#failed };
  }

  async #instead<S>(
    request: unknown,
    context: Context,
    outcome: Outcome,
    threw: boolean,
    result: unknown,
  ): Promise<S> {
    const { answer, when, observes } = this.#rules;
    try {
      if (context.scope?.aborted !== true && when(outcome, result)) {
        if (!observes) {
          const instead = await answer(result, request, context);
          this.#answered++;
          this.#tell('answered', outcome, result);
          return instead as S;
        }
        this.#answered++;
        this.#tell('would-answer', outcome, result);
      }
    } catch (error) {
      this.#failed++;
      this.#tell('failed', outcome, result);
      throw error;
    }
    if (threw) throw result;
    return result as S;
  }

  #tell(type: string, { kind }: Outcome, masked: unknown): void {
    if (this.reporter.on) this.reporter.tell(type, { kind, code: codeOf(masked) });
  }
}

function rulesOf(options: FallbackOptions<unknown, never>): Rules {
  const where = 'fallback';
  const { value, run, when, classify } = options;
  if ('value' in options === (run !== undefined))
    throw new OptionError(where, 'value', value, 'given, or else run, and not both');
  return {
    answer: run === undefined ? () => value : (checkFunction(where, 'run', run) as Rules['answer']),
    when: when === undefined ? failed : checkFunction(where, 'when', when),
    classify: classify && checkFunction(where, 'classify', classify),
    observes: observes(where, options),
  };
}

function failed({ kind }: Outcome): boolean {
  return kind === 'failure' || kind === 'overload';
}

/** What an error is known by, without its message, which may hold a secret. */
function codeOf(error: unknown): string | number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === 'string' || typeof code === 'number') return code;
  return typeof name === 'string' ? name : undefined;
}

/**
 * Watching work: hears exactly once how it ended, because it settled or because the call was aborted first.
 *
 * Without this, a breaker or a balancer inside a timeout around a wire that hangs would never learn of it, and
 * a half-open permit or an in-flight count would never come back.
 */
import { type AbortHook, type AbortSource, unlink } from './abort.ts';
import type { Context } from './context.ts';
import { judge } from './judge.ts';
import { type Classify, type Outcome, outcomeOfAbort } from './outcome.ts';

/** Who wants to hear; `token` is what it handed in when the work began. */
export interface Watcher<T> {
  ended(token: T, outcome: Outcome, failed: boolean, result: unknown): void;
}

export class Watch<T> implements AbortHook {
  prev: AbortHook | undefined = undefined;
  next: AbortHook | undefined = undefined;
  owner: AbortSource | undefined = undefined;
  readonly #context: Context;
  readonly #classify: Classify | undefined;
  readonly #watcher: Watcher<T>;
  readonly #token: T;
  #open = true;

  constructor(context: Context, classify: Classify | undefined, watcher: Watcher<T>, token: T) {
    this.#context = context;
    this.#classify = classify;
    this.#watcher = watcher;
    this.#token = token;
    if (context.scope !== undefined) context.scope.add(this);
  }

  /** The same promise, watched. */
  follow<S>(work: Promise<S>): Promise<S> {
    return work.then(
      (value) => {
        this.#settled(false, value);
        return value;
      },
      (error: unknown) => {
        this.#settled(true, error);
        throw error;
      },
    );
  }

  abort(reason: unknown): void {
    if (!this.#open) return;
    this.#open = false;
    this.#watcher.ended(this.#token, outcomeOfAbort(reason), true, reason);
  }

  #settled(failed: boolean, result: unknown): void {
    // Judged even when the abort came first: an outer layer may ask for the verdict on this result.
    const outcome = judge(this.#context, this.#classify, failed, result);
    if (!this.#open) return;
    this.#open = false;
    unlink(this);
    this.#watcher.ended(this.#token, outcome, failed, result);
  }
}

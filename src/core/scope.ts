/**
 * A scope: the stretch of a call that can end early. It has one deadline, one reason to stop, and the hooks of
 * all that waits inside it. A call without a signal and without a timeout has none, and pays for none.
 *
 * open → settled (nobody is told anything) or open → aborted (every hook is told the reason, once).
 */
import { type AbortHook, type AbortSource, abortAll, followSignal, hookOf, link, unlink } from './abort.ts';
import type { Clock, TimerHandle } from './clock.ts';
import { TimeoutError } from './errors.ts';

const OPEN = 0;
const SETTLED = 1;
const ABORTED = 2;

export class Scope implements AbortHook, AbortSource {
  prev: AbortHook | undefined = undefined;
  next: AbortHook | undefined = undefined;
  owner: AbortSource | undefined = undefined;
  head: AbortHook | undefined = undefined;
  /** On the clock of the call; `Infinity` without a limit. Never later than the scope around it. */
  readonly deadline: number;
  /** Why the scope was aborted. */
  reason: unknown = undefined;
  readonly #clock: Clock;
  #state = OPEN;
  #timer: TimerHandle = undefined;
  #reject: ((reason: unknown) => void) | undefined = undefined;
  #bridge: AbortHook | undefined = undefined;
  #controller: AbortController | undefined = undefined;

  constructor(clock: Clock, deadline: number) {
    this.#clock = clock;
    this.deadline = deadline;
  }

  get aborted(): boolean {
    return this.#state === ABORTED;
  }

  /** Made on first read, because an AbortController costs microseconds and most transports never look. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#state === ABORTED) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  /** Ends with the caller's signal. */
  under(signal: AbortSignal): void {
    if (this.#state !== OPEN) return;
    if (signal.aborted) this.abort(signal.reason);
    else if (this.owner === undefined) followSignal(signal, this);
    else followSignal(signal, (this.#bridge = hookOf((reason) => this.abort(reason))));
  }

  /** Ends with a {@link TimeoutError} when `ms` have passed, which is at the deadline; whose limit it was is told. */
  expireIn(ms: number, limit?: { expired?(): void }, kind?: 'background'): void {
    if (this.#state !== OPEN) return;
    this.#timer = this.#clock.setTimeout(() => this.#expire(ms, limit), ms, kind);
  }

  /** Whoever awaits the call; rejected with the reason if the scope is aborted before it settles. */
  rejectWith(reject: (reason: unknown) => void): void {
    this.#reject = reject;
  }

  /** Tells the hook when the scope is aborted; at once if it has been. */
  add(hook: AbortHook): void {
    if (this.#state === OPEN) link(this, hook);
    else if (this.#state === ABORTED) hook.abort(this.reason);
  }

  /** The work has ended; true the first time, false if the scope was aborted or settled before. */
  settle(): boolean {
    if (this.#state !== OPEN) return false;
    this.#leave(SETTLED);
    return true;
  }

  abort(reason: unknown): void {
    if (this.#state !== OPEN) return;
    this.reason = reason;
    this.#leave(ABORTED);
    this.#reject?.(reason);
    abortAll(this, reason);
    this.#controller?.abort(reason);
  }

  idle(): void {}

  #expire(ms: number, limit: { expired?(): void } | undefined): void {
    // Read once more, and only now: a timer that rings late says that this process was held up.
    const lateMs = Math.max(0, this.#clock.now() - this.deadline);
    limit?.expired?.();
    this.abort(new TimeoutError(ms, 'the call', lateMs));
  }

  #leave(state: number): void {
    this.#state = state;
    unlink(this);
    if (this.#bridge !== undefined) unlink(this.#bridge);
    if (this.#timer !== undefined) {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }
}

/**
 * A call: what all attempts of one request share, whichever layer makes them: its one clock, the caller's
 * words, the endpoints tried so far, and the last verdict. Its fields are for the functions of core/judge.ts
 * and core/tried.ts, which only those who use them ship.
 *
 * Attempts that run side by side (hedges) have a call each, because a verdict kept for one would be taken for
 * another's; what they do share stands on their root.
 */
import type { Clock } from './clock.ts';
import type { Outcome } from './outcome.ts';
import type { CallOptions } from './transport.ts';

export class Call {
  /** The outermost layer's clock; inner layers use it too, so that one call has one time. */
  readonly clock: Clock;
  /** What the caller said. */
  readonly options: CallOptions | undefined;
  /** Itself; of an attempt that runs beside others, the call that all of them serve. */
  readonly root: Call;
  /** Of the root: the first endpoint that was picked, and those after it; most calls have no second. */
  tried: object | undefined = undefined;
  triedToo: object[] | undefined = undefined;
  /** Of the root: the last budget it was counted towards. */
  budget: object | undefined = undefined;
  /** The last verdict that a classifier gave, and on what. */
  outcome: Outcome | undefined = undefined;
  judged: unknown = undefined;
  judgedFailed = false;

  constructor(clock: Clock, options: CallOptions | undefined, root?: Call) {
    this.clock = clock;
    this.options = options;
    this.root = root ?? this;
  }
}

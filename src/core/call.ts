/**
 * A call: what all attempts of one request share, whichever layer makes them: its one clock, the caller's
 * words, the endpoints tried so far, and the last verdict. Its fields are for the functions of core/judge.ts
 * and core/tried.ts, which only those who use them ship.
 */
import type { Clock } from './clock.ts';
import type { Outcome } from './outcome.ts';
import type { CallOptions } from './transport.ts';

export class Call {
  /** The outermost layer's clock; inner layers use it too, so that one call has one time. */
  readonly clock: Clock;
  /** What the caller said. */
  readonly options: CallOptions | undefined;
  /** The first endpoint that was picked, and those after it; most calls have no second. */
  tried: object | undefined = undefined;
  triedToo: object[] | undefined = undefined;
  /** The last verdict that a classifier gave, and on what. */
  outcome: Outcome | undefined = undefined;
  judged: unknown = undefined;
  judgedFailed = false;

  constructor(clock: Clock, options: CallOptions | undefined) {
    this.clock = clock;
    this.options = options;
  }
}

/**
 * A call: what all attempts of one request share, whichever layer makes them: its one clock, the caller's
 * words, the endpoints tried so far, and the last verdict.
 */
import type { Clock } from './clock.ts';
import {
  type Classify,
  FAILURE,
  type Outcome,
  outcomeOf,
  outcomeOfAbort,
  outcomeOfError,
  SUCCESS,
} from './outcome.ts';
import type { Scope } from './scope.ts';
import type { CallOptions } from './transport.ts';

export class Call {
  /** The outermost layer's clock; inner layers use it too, so that one call has one time. */
  readonly clock: Clock;
  /** What the caller said. */
  readonly options: CallOptions | undefined;
  /** The endpoints given to earlier attempts, for balancers to avoid; made at the second attempt's need. */
  tried: object[] | undefined = undefined;

  // The last verdict that a classifier gave, and on what: an outer layer sees the same error or value again.
  #outcome: Outcome | undefined = undefined;
  #judged: unknown = undefined;
  #failed = false;

  constructor(clock: Clock, options: CallOptions | undefined) {
    this.clock = clock;
    this.options = options;
  }

  /** The verdict on how an attempt settled: an inner layer's, else `classify`'s, else the default. */
  judge(classify: Classify | undefined, scope: Scope | undefined, failed: boolean, result: unknown): Outcome {
    if (failed && scope !== undefined && scope.aborted) return outcomeOfAbort(scope.reason);
    if (this.#outcome !== undefined && this.#failed === failed && Object.is(this.#judged, result)) {
      return this.#outcome;
    }
    if (classify === undefined) return failed ? outcomeOfError(result) : SUCCESS;
    this.#failed = failed;
    this.#judged = result;
    return (this.#outcome = verdict(classify, failed, result));
  }
}

function verdict(classify: Classify, failed: boolean, result: unknown): Outcome {
  try {
    const said = classify(
      failed ? { status: 'rejected', reason: result } : { status: 'fulfilled', value: result },
    );
    return typeof said === 'string' ? outcomeOf(said) : said;
  } catch {
    return FAILURE;
  }
}

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
  // What balancers picked for earlier attempts; the first apart, because most calls have no second.
  #tried: object | undefined = undefined;
  #triedToo: object[] | undefined = undefined;

  // The last verdict that a classifier gave, and on what: an outer layer sees the same error or value again.
  #outcome: Outcome | undefined = undefined;
  #judged: unknown = undefined;
  #failed = false;

  constructor(clock: Clock, options: CallOptions | undefined) {
    this.clock = clock;
    this.options = options;
  }

  /** Remembers a pick, for later attempts of this call to avoid. */
  markTried(pick: object): void {
    if (this.#tried === undefined) this.#tried = pick;
    else if (this.#triedToo === undefined) this.#triedToo = [pick];
    else this.#triedToo.push(pick);
  }

  hasTried(pick: object): boolean {
    return this.#tried === pick || (this.#triedToo !== undefined && this.#triedToo.includes(pick));
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

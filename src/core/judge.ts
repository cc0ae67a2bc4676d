/**
 * Judging: what an attempt's end means. The innermost classifier's verdict is kept with the call, on the very
 * error or value it was given; an outer layer that sees the same again takes it over.
 */
import type { Call } from './call.ts';
import type { Context } from './context.ts';
import {
  type Classify,
  FAILURE,
  failureOf,
  type Outcome,
  outcomeOf,
  outcomeOfAbort,
  outcomeOfError,
  SUCCESS,
} from './outcome.ts';

/** The verdict on how an attempt settled: an inner layer's, else `classify`'s, else the default. */
export function judge(
  context: Context,
  classify: Classify | undefined,
  failed: boolean,
  result: unknown,
): Outcome {
  const { call, scope } = context;
  if (failed && scope !== undefined && scope.aborted) return outcomeOfAbort(scope.reason);
  if (call.outcome !== undefined && call.judgedFailed === failed && Object.is(call.judged, result)) {
    return call.outcome;
  }
  if (classify === undefined) return failed ? outcomeOfError(result) : SUCCESS;
  call.judgedFailed = failed;
  call.judged = result;
  return (call.outcome = verdict(classify, failed, result));
}

/** Hands on the verdict of the attempt that a call ends with, so that outer layers find it. */
export function adoptVerdict(call: Call, attempt: Call): void {
  call.outcome = attempt.outcome;
  call.judged = attempt.judged;
  call.judgedFailed = attempt.judgedFailed;
}

function verdict(classify: Classify, failed: boolean, result: unknown): Outcome {
  try {
    const said = classify(
      failed ? { status: 'rejected', reason: result } : { status: 'fulfilled', value: result },
    );
    if (said === 'failure' && failed) return failureOf(result);
    return typeof said === 'string' ? outcomeOf(said) : said;
  } catch {
    return FAILURE;
  }
}

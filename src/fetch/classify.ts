import { DENIED, type Outcome, type OutcomeKind } from '../core/outcome.ts';
import { retryAfterMs } from './retry-after.ts';

/** Server errors that are answers, not accidents: asking again, or elsewhere, changes nothing. */
const ANSWERS = new Set([501, 505]);

/**
 * Judges a fetch by its response: 429 and 503 are overload, with the `Retry-After` they carry; 408 and the
 * other 5xx are failures, but for 501 and 505; everything else is a success, because the server did its work.
 *
 * `resilientFetch` installs it; by hand it is the `classify` option of the innermost layer.
 *
 * @example
 * ```ts
 * import { classifyResponse, pipe, retry } from 'evenkeel';
 * let calls = 0;
 * const flaky = async (_url: string) => new Response(null, { status: ++calls === 1 ? 503 : 200 });
 * const response = await pipe(flaky, retry({ classify: classifyResponse, baseDelayMs: 1 }))('/');
 * if (response.status !== 200) throw new Error('not retried');
 * ```
 */
export function classifyResponse(settled: PromiseSettledResult<unknown>): OutcomeKind | Outcome {
  if (settled.status === 'rejected') return 'failure';
  const { status, headers } = settled.value as Response;
  if (status === 429 || status === 503) return { kind: 'overload', retryAfterMs: retryAfterMs(headers) };
  // An answer, but to nobody: whether it is the caller's fault shows in what the others say.
  if (status === 401 || status === 403) return DENIED;
  return status === 408 || (status >= 500 && !ANSWERS.has(status)) ? 'failure' : 'success';
}

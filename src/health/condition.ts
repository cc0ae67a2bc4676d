/**
 * Conditions: what a server says of itself beside being up. `degraded` ranks it behind those that are well;
 * `draining` means that it takes no new calls, which is no fault: nobody tries it, until it says otherwise.
 */
export type Condition = 'well' | 'degraded' | 'draining';

export const CONDITIONS: readonly Condition[] = ['well', 'degraded', 'draining'];

/** The worse of two. */
export function worse(one: Condition, other: Condition): Condition {
  return CONDITIONS.indexOf(one) > CONDITIONS.indexOf(other) ? one : other;
}

/** What a check that has passed answered: the word itself, or an object whose `status` is it; else `well`. */
export function conditionOf(answer: unknown): Condition {
  const said = typeof answer === 'object' && answer !== null && 'status' in answer ? answer.status : answer;
  return said === 'degraded' || said === 'draining' ? said : 'well';
}

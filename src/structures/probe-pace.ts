/**
 * Whether the next check of an endpoint is made, after Envoy's kinds of intervals: an endpoint that is not known
 * to be well is checked whenever it can be; one that calls have found well, hardly; one that nobody calls, seldom.
 */
export interface Pace {
  /** Between two checks of an endpoint that is well and has calls. */
  readonly intervalMs: number;
  /** After a check that did not find it well. */
  readonly unhealthyIntervalMs: number;
  /** Between two checks of one that is well and has no calls. */
  readonly idleIntervalMs: number;
  /** Whether one that has never been called is checked at all. */
  readonly firstCheck: 'at-once' | 'at-first-use';
}

export interface Patrol {
  /** The last check has found it well, or no check was made yet. */
  readonly well: boolean;
  /** Whether any check was made. */
  readonly checked: boolean;
  /** Whether it has had a call since the last turn, and whether one succeeded. */
  readonly called: boolean;
  readonly succeeded: boolean;
  /** Milliseconds since the last check that was made or skipped. */
  readonly agoMs: number;
  /** Checks skipped in a row. */
  readonly skipped: number;
}

/** Of so many checks in a row one is made in spite of all successes: it may say `draining`, as no call does. */
const MAX_SKIPPED = 4;

/** What to do at a turn: make the check, take the calls for it, or leave it. */
export function turn(pace: Pace, patrol: Patrol): 'check' | 'skip' | 'rest' {
  if (!patrol.well) return 'check';
  if (!patrol.checked) return pace.firstCheck === 'at-once' || patrol.called ? 'check' : 'rest';
  if (patrol.succeeded && patrol.skipped < MAX_SKIPPED) return 'skip';
  // An idle interval is kept to the turn, which comes early as often as late.
  return patrol.called || patrol.agoMs >= pace.idleIntervalMs - pace.intervalMs / 2 ? 'check' : 'rest';
}

/** Milliseconds until the next turn, jittered by a tenth, so that a fleet does not check in step. */
export function nextTurnMs(pace: Pace, well: boolean, draw: number): number {
  return (well ? pace.intervalMs : pace.unhealthyIntervalMs) * (0.9 + 0.2 * draw);
}

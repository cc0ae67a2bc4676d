/** The port of what finds a limit of concurrency: pure data, the times are handed in. */

export interface LimitState {
  /** How many calls may be under way; at least 1, not always whole. */
  readonly limit: number;
  /**
   * A call has ended; not told of calls that say nothing about the server.
   *
   * @param inFlight - how many were under way when it began, itself included
   * @param dropped - whether the server refused it or it ran out of time
   */
  record(startMs: number, nowMs: number, inFlight: number, dropped: boolean): void;
  /** Goes on from a limit that was found before. */
  resume?(limit: number): void;
}

export interface LimitBounds {
  readonly initialLimit: number;
  readonly minLimit: number;
  readonly maxLimit: number;
}

export function clampLimit(limit: number, { minLimit, maxLimit }: LimitBounds): number {
  return Math.min(maxLimit, Math.max(minLimit, limit));
}

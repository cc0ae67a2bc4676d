/** A quota: so many calls in so much time. Two ways to count, one port; time and rate are handed in. */

export interface Rate {
  /** Calls per `perMs`; above 0, and not always whole: a client of a fleet has a part of it. */
  readonly limit: number;
  readonly perMs: number;
  /** Calls that may come at once; at least 1. */
  readonly burst: number;
}

export interface Quota {
  /** Takes one call in, if there is room for it now; `waited` if it stood in line until a timer fired. */
  take(nowMs: number, rate: Rate, waited: boolean): boolean;
  /** Takes back the last call that was let in: it was not made. */
  giveBack(): void;
  /** Milliseconds until there will be room, behind `ahead` others who wait already. */
  waitMs(nowMs: number, rate: Rate, ahead: number): number;
  /** What it has counted, as plain data. */
  export(nowMs: number, rate: Rate): QuotaState;
  /** Takes over what was counted as of `thenMs`; what another kind of quota has counted says nothing to it. */
  hydrate(state: QuotaState, thenMs: number): void;
}

/** What a quota has counted: tokens left, or how long ago each call was let in. */
export interface QuotaState {
  readonly tokens?: number;
  readonly agesMs?: readonly number[];
}

/** The part of a limit that one of `members` may use. Below one call, its time is longer instead. */
export function shareOf({ limit, perMs, burst }: Rate, members: number): Rate {
  return members === 1
    ? { limit, perMs, burst }
    : { limit: limit / members, perMs, burst: Math.max(1, burst / members) };
}

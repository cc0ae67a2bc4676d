/** What whoever was asked is told when its answer is no longer needed: a quorum's replica, a hedged attempt. */
import { EvenkeelError, hasCode } from './errors.ts';

/**
 * The reason of an attempt's signal once the call was decided by another. Not a failure of whoever was asked, and
 * not a TimeoutError, so balancers, breakers and health trackers ignore it.
 */
export class LostRaceError extends EvenkeelError {
  constructor() {
    super('EVENKEEL_LOST_RACE', 'the call was decided without this attempt');
  }

  override get name(): string {
    return 'LostRaceError';
  }
}

/** Whether `error` is the reason with which a request was aborted because others had decided the call. */
export function isLostRaceError(error: unknown): error is LostRaceError {
  return hasCode(error, 'EVENKEEL_LOST_RACE');
}

let shared: LostRaceError | undefined;

/**
 * One error for all losers there ever are: making one costs 5 µs, most of it the stack, which would say nothing
 * here. Made at first need, because importing must do no work; frozen, because everybody gets it.
 */
export function lostRace(): LostRaceError {
  if (shared === undefined) {
    shared = new LostRaceError();
    Object.defineProperty(shared, 'stack', { value: `${shared.name}: ${shared.message}` });
    Object.freeze(shared);
  }
  return shared;
}

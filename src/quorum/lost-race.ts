/** What a replica is told whose answer is no longer needed. */
import { EvenkeelError, hasCode } from '../core/errors.ts';

/**
 * The reason of a read's signal once the call was decided by the others. Not a failure of the replica, and not a
 * TimeoutError, so breakers and health trackers inside the replica's own transport ignore it.
 */
export class LostRaceError extends EvenkeelError {
  constructor() {
    super('EVENKEEL_LOST_RACE', 'the call was decided without this replica');
  }

  override get name(): string {
    return 'LostRaceError';
  }
}

/** Whether `error` is the reason with which a replica's request was aborted because others had decided the call. */
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

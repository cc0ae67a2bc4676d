/** The word of the core for a replica whose answer is no longer needed. */
export { isLostRaceError, LostRaceError } from '../core/lost-race.ts';

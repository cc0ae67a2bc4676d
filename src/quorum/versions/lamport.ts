import { OptionError } from '../../core/errors.ts';
import { checkCount } from '../../core/options.ts';

/** A counter that orders what happened after what (Lamport, CACM 1978). */
export interface LamportClock {
  /** The stamp of something that happens here now: higher than any before it, and any that was observed. */
  next(): number;
  /** Takes in a stamp that came with a message; answers with the stamp of its arrival. */
  observe(stamp: number): number;
  /** The last stamp; nothing happens. */
  readonly last: number;
}

/**
 * Makes a Lamport clock: a local event is c + 1, an arrival max(c, m) + 1. If one thing led to another its stamp is
 * lower; the reverse does not follow. Ties between processes are broken by their ids, which is what a {@link Tag}
 * does.
 *
 * A process that restarts has to begin with the last stamp it made, or with an id of its own. Not for telling how
 * long ago something was: see {@link hybridClock}.
 *
 * @param start - the last stamp made before @defaultValue 0
 * @throws `OptionError` for a stamp that is not a whole number from 0
 * @example
 * ```ts
 * import { lamportClock } from 'evenkeel';
 * const [a, b] = [lamportClock(), lamportClock()];
 * const sent = a.next();
 * if (b.observe(sent) <= sent) throw new Error('an arrival before its sending');
 * ```
 */
export function lamportClock(start: number = 0): LamportClock {
  let last = checkCount('lamportClock', 'start', start, 0);
  const after = (stamp: number): number => {
    // At the end of the whole numbers c + 1 is c: better to stop than to order wrongly.
    if (stamp >= Number.MAX_SAFE_INTEGER) {
      throw new OptionError('lamportClock', 'stamp', stamp, `below ${Number.MAX_SAFE_INTEGER}`);
    }
    return (last = stamp + 1);
  };
  return {
    next: () => after(last),
    observe: (stamp) => after(Math.max(last, checkCount('lamportClock', 'stamp', stamp, 0))),
    get last() {
      return last;
    },
  };
}

import { OptionError } from '../../core/errors.ts';
import { checkFunction } from '../../core/options.ts';
import { membersOf, type RegisterQuorum } from '../register/members.ts';

export interface MayStopOptions<R> {
  readonly replicas: readonly R[];
  /** Whether a replica is well now, for instance `(r) => health.status(r) === 'healthy'`. */
  readonly isUp: (replica: R) => boolean;
  /** How many are enough. @defaultValue a majority for reads and for writes */
  readonly quorum?: RegisterQuorum<R>;
}

export interface MayStop {
  /** Whether reads and writes go on without it. */
  readonly may: boolean;
  /** How many more may fail then, whichever they are; −1 if it may not be stopped. */
  readonly spare: number;
  /** In words. */
  readonly reason: string;
}

/**
 * Whether a replica may be stopped now, for a deploy or a repair: whether those that are up without it still make a
 * quorum for reads and for writes, and how many failures it would leave room for.
 *
 * It goes by what `isUp` says at this moment, of whoever asks; two who stop a replica at the same time have to ask
 * each other first.
 *
 * @throws `OptionError` for a replica that is none of them
 * @example
 * ```ts
 * import { mayStop } from 'evenkeel';
 * const down = new Set(['b']);
 * const { may, reason } = mayStop('a', { replicas: ['a', 'b', 'c'], isUp: (name) => !down.has(name) });
 * if (may) throw new Error(reason);
 * ```
 */
export function mayStop<R>(replica: R, options: MayStopOptions<R>): MayStop {
  const { replicas, isUp, quorum } = options;
  checkFunction('mayStop', 'isUp', isUp);
  const members = membersOf(replicas, quorum);
  if (!replicas.includes(replica))
    throw new OptionError('mayStop', 'replica', replica, 'one of the replicas');
  const left = replicas
    .map((_, index) => index)
    .filter((index) => replicas[index] !== replica && isUp(replicas[index] as R));
  const enough = (places: readonly number[]): boolean =>
    members.openRead().reachedWith(places) && members.openWrite().reachedWith(places);
  if (!enough(left)) {
    const reason = `without it ${left.length} of ${replicas.length} are up, which is no quorum`;
    return { may: false, spare: -1, reason };
  }
  const spare = spareOf(left, enough);
  const room = spare === 0 ? 'no further failure' : `${spare} more to fail`;
  return {
    may: true,
    spare,
    reason: `without it ${left.length} of ${replicas.length} are up: room for ${room}`,
  };
}

/** The greatest number of these of which any may be missing. */
function spareOf(left: readonly number[], enough: (places: readonly number[]) => boolean): number {
  for (let missing = 1; missing <= left.length; missing++) {
    if (!everySubset(left, missing, enough)) return missing - 1;
  }
  return left.length;
}

function everySubset(
  left: readonly number[],
  missing: number,
  enough: (places: readonly number[]) => boolean,
  from = 0,
): boolean {
  if (missing === 0) return enough(left);
  for (let at = from; at <= left.length - missing; at++) {
    const rest = left.filter((_, index) => index !== at);
    if (!everySubset(rest, missing - 1, enough, at)) return false;
  }
  return true;
}

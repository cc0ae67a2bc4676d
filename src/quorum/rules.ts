/**
 * Rules for quorums that are more than a number: votes that weigh differently (Gifford, SOSP 1979), and groups of
 * replicas, such as data centres, that each have a majority of their own.
 *
 * Every rule is a list of clauses, each a number of votes among replicas with weights, of which so many must hold.
 */
import { OptionError } from '../core/errors.ts';
import { checkFunction } from '../core/options.ts';
import { ClausePoll, type Clause } from './clauses.ts';
import { majority } from './majority.ts';
import type { QuorumRule } from './poll.ts';

export interface WeightedOptions<R> {
  /** The votes of a replica: a whole number from 0; one with none is asked and heard, but does not count. */
  readonly votesOf: (replica: R) => number;
  /** The votes it takes. @defaultValue more than half of all */
  readonly required?: number;
}

/**
 * A quorum by votes: bigger or better machines have more (Gifford 1979). Reads meet writes if their `required`
 * add up to more than all votes.
 *
 * @throws {@link OptionError} at the call for votes that are no whole number from 0, and a number of them that
 * cannot be had
 * @example
 * ```ts
 * import { quorumWrite, weighted } from 'evenkeel';
 * const required = weighted<string>({ votesOf: (name) => (name === 'big' ? 2 : 1) });
 * const write = async (name: string) => {
 *   if (name === 'b' || name === 'c') throw new Error('down');
 * };
 * // 'big' and 'a' have 3 of 5 votes.
 * const { acks } = await quorumWrite({ replicas: ['big', 'a', 'b', 'c'], required, write });
 * if (acks !== 2) throw new Error('not by votes');
 * ```
 */
export function weighted<R>(options: WeightedOptions<R>): QuorumRule<R> {
  const { votesOf, required } = options;
  checkFunction('weighted', 'votesOf', votesOf);
  return {
    open: (where, replicas) => {
      const weights = replicas.map(votesOf);
      for (const votes of weights) {
        if (!Number.isSafeInteger(votes) || votes < 0) {
          throw new OptionError(where, 'votesOf', votes, 'a function that returns a whole number from 0');
        }
      }
      const all = weights.reduce((sum, votes) => sum + votes, 0);
      const need = required ?? Math.floor(all / 2) + 1;
      if (!Number.isSafeInteger(need) || need < 1 || need > all) {
        throw new OptionError(where, 'required', need, `a whole number of votes from 1 to ${all}`);
      }
      return new ClausePoll([{ weights, required: need }], 1);
    },
  };
}

export interface GroupOptions<R> {
  /** The group of a replica, for instance its data centre. */
  readonly groupOf: (replica: R) => string;
}

export interface LocalQuorumOptions<R> extends GroupOptions<R> {
  /** The group that counts. */
  readonly local: string;
}

/**
 * A majority of the replicas of one group; the others are asked, and do not count (Cassandra's LOCAL_QUORUM).
 * Reads and writes meet only if both count the same group.
 *
 * @throws {@link OptionError} at the call if the group has no replica
 */
export function localQuorum<R>(options: LocalQuorumOptions<R>): QuorumRule<R> {
  const { groupOf, local } = options;
  checkFunction('localQuorum', 'groupOf', groupOf);
  return {
    open: (where, replicas) => {
      const clause = clausesOf(replicas, groupOf).find(({ name }) => name === local);
      if (clause === undefined)
        throw new OptionError(where, 'local', local, 'the group of one of the replicas');
      return new ClausePoll([clause], 1);
    },
  };
}

/** A majority in each group (Cassandra's EACH_QUORUM): for writes that every group's local reads have to see. */
export function eachQuorum<R>(options: GroupOptions<R>): QuorumRule<R> {
  checkFunction('eachQuorum', 'groupOf', options.groupOf);
  return {
    open: (_where, replicas) => {
      const clauses = clausesOf(replicas, options.groupOf);
      return new ClausePoll(clauses, clauses.length);
    },
  };
}

/**
 * A majority in each of a majority of the groups, so that a whole group may fail (hierarchical quorums; Kumar
 * 1991). Any two such quorums share a member.
 *
 * @example
 * ```ts
 * import { majorityOfGroups, quorumRead } from 'evenkeel';
 * const replicas = ['eu/1', 'eu/2', 'eu/3', 'us/1', 'us/2', 'us/3', 'ap/1', 'ap/2', 'ap/3'];
 * const { replies } = await quorumRead({
 *   replicas,
 *   required: majorityOfGroups<string>({ groupOf: (name) => name.slice(0, 2) }),
 *   read: async (name) => {
 *     if (name.startsWith('us') || name.endsWith('3')) throw new Error('down');
 *     return name;
 *   },
 * });
 * // Two of eu and two of ap: four of nine are enough.
 * if (replies.filter(({ status }) => status === 'answered').length !== 4) throw new Error('not by groups');
 * ```
 */
export function majorityOfGroups<R>(options: GroupOptions<R>): QuorumRule<R> {
  checkFunction('majorityOfGroups', 'groupOf', options.groupOf);
  return {
    open: (_where, replicas) => {
      const clauses = clausesOf(replicas, options.groupOf);
      return new ClausePoll(clauses, majority(clauses.length));
    },
  };
}

/** A clause per group: a majority of its members. */
function clausesOf<R>(replicas: readonly R[], groupOf: (replica: R) => string): Clause[] {
  const groups = replicas.map(groupOf);
  return [...new Set(groups)].map((name) => {
    const weights = groups.map((group) => (group === name ? 1 : 0));
    return { name, weights, required: majority(weights.filter((weight) => weight === 1).length) };
  });
}

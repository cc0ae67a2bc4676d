/** Contact points: a cluster knows its own members, so any member that is known is asked for all of them. */
import { systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { type Endpoint, toEndpoints } from '../core/endpoint.ts';
import { errand } from '../core/errand.ts';
import { checkCount, checkFunction } from '../core/options.ts';
import { systemRandom } from '../core/random.ts';
import type { CallContext } from '../core/transport.ts';
import { readAnswer } from './answer.ts';
import { Contacts } from './contacts.ts';
import { NoContactError } from './errors.ts';
import { Pace, type PaceOptions } from './pace.ts';
import { polls } from './poll.ts';
import { SharedSource } from './shared-source.ts';
import { checkLimits, type DiscoverySource, type SourceOptions, sourceOf } from './source.ts';

export interface ContactPointsOptions<E> extends SourceOptions, PaceOptions {
  /** Who is asked first, and again when no known member answers. They need not be members themselves. */
  readonly seeds: readonly (E | Endpoint<E>)[];
  /** Asks one member for all members. */
  readonly ask: (address: E, context: CallContext) => Promise<readonly (E | Endpoint<E>)[]>;
  /** How many members are asked, one after the other, before the seeds are; and how many of these. @defaultValue 3 */
  readonly maxAttempts?: number;
}

/**
 * A source that asks any known member of a cluster for the members, beginning with the seeds.
 *
 * The next round goes to whoever answered last, then to others that are known, the least often failed first; if
 * `maxAttempts` of them do not answer, to the seeds. `timeoutMs` is for one member. If nobody answers, the last
 * members stay. The seeds are not endpoints by themselves: until the first answer nobody is known, which
 * `ranked([contactPoints(…), staticEndpoints(seeds)])` changes. Not for clusters whose members disagree for long:
 * the answer of one is taken for the truth.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @example
 * ```ts
 * import { contactPoints } from 'evenkeel/discovery';
 * const members = ['10.0.0.11', '10.0.0.12', '10.0.0.13'];
 * using source = contactPoints({
 *   seeds: ['10.0.0.9', '10.0.0.11'],
 *   ask: async (address) => {
 *     if (address === '10.0.0.9') throw new Error('it is gone');
 *     return members;
 *   },
 * });
 * const found = await new Promise<number>((resolve) => {
 *   source.follow({ found: ({ length }) => resolve(length), failed: () => {}, lost: () => {} });
 * });
 * if (found !== 3) throw new Error('not all were found');
 * ```
 */
export function contactPoints<E>(options: ContactPointsOptions<E>): DiscoverySource<E> {
  const where = 'contactPoints';
  const seeds = toEndpoints(where, 'seeds', options.seeds);
  const ask = checkFunction(where, 'ask', options.ask);
  const maxAttempts = checkCount(where, 'maxAttempts', options.maxAttempts ?? 3);
  const contacts = new Contacts(seeds, maxAttempts, options.random ?? systemRandom);
  const pace = new Pace(where, options);
  const { maxEndpoints } = checkLimits(where, options);
  const clock = options.clock ?? systemClock;

  const askRound = async (context: Context): Promise<unknown> => {
    const round = contacts.round();
    let lastError: unknown;
    for (const [index, contact] of round.entries()) {
      try {
        const list = await errand(ask, contact.address, clock, pace.timeoutMs, context.scope, index + 1);
        // Who answers what cannot be used has not answered: the next one may know better.
        contacts.answered(contact, readAnswer<E>(where, list, maxEndpoints).endpoints);
        return list;
      } catch (error) {
        if (context.scope?.aborted === true) throw error;
        contacts.failed(contact);
        lastError = error;
      }
    }
    throw new NoContactError(round.length, lastError);
  };
  const work = polls({
    ask: async (context) => ({ list: await askRound(context), nextMs: pace.nextMs() }),
    // The time of each ask bounds the round.
    timeoutMs: Infinity,
    backoff: pace.backoff,
    clock,
  });
  return sourceOf(new SharedSource<E>(where, options, work));
}

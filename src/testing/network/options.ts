/** What a simulated network is told: how messages travel, and what its nodes do with them. */
import type { Clock } from '../../core/clock.ts';
import { OptionError } from '../../core/errors.ts';
import { checkFunction, checkNumber, checkOneOf } from '../../core/options.ts';
import type { Random } from '../../core/random.ts';

/** How messages fare. All of it may be changed while the network runs. */
export interface NetworkConditions {
  /**
   * Milliseconds that one message takes on its way, each drawn anew; so messages overtake each other.
   * @defaultValue uniform from 1 to 10
   */
  readonly delayMs?: number | ((random: Random, from: string, to: string) => number);
  /** The share of messages that are lost, from 0 to 1. @defaultValue 0 */
  readonly loss?: number;
  /** The share of messages that arrive twice, each copy after a delay of its own, from 0 to 1. @defaultValue 0 */
  readonly duplication?: number;
  /**
   * Whether messages on one link may overtake each other (`'any'`, as datagrams and separate connections do) or
   * arrive in the order in which they were sent (`'per-link'`, as on one connection). @defaultValue 'any'
   */
  readonly order?: 'any' | 'per-link';
}

export interface SimulatedNetworkOptions extends NetworkConditions {
  readonly clock: Clock;
  /** Seeded, or no run is like another. */
  readonly random: Random;
}

/** What runs on a node. */
export interface NodeProgram<D, Q, A> {
  /** What a node holds that is new, or has lost its disk. */
  readonly disk: () => D;
  /** Answers a request. What it throws is what the caller's promise rejects with. */
  readonly handle: (disk: D, request: Q) => A | Promise<A>;
}

/** The conditions, complete and checked. */
export interface Weather {
  readonly delayMs: (random: Random, from: string, to: string) => number;
  readonly loss: number;
  readonly duplication: number;
  readonly order: 'any' | 'per-link';
}

const WHERE = 'simulatedNetwork';

/** These conditions; what they do not say stays as it was. */
export function weatherOf(said: NetworkConditions, before?: Weather): Weather {
  const { delayMs } = said;
  return {
    delayMs: delayMs === undefined ? (before?.delayMs ?? uniformDelay) : delayOf(delayMs),
    loss: checkNumber(WHERE, 'loss', said.loss ?? before?.loss ?? 0, 0, 1),
    duplication: checkNumber(WHERE, 'duplication', said.duplication ?? before?.duplication ?? 0, 0, 1),
    order: checkOneOf(WHERE, 'order', said.order ?? before?.order ?? 'any', ['any', 'per-link']),
  };
}

function uniformDelay(random: Random): number {
  return 1 + 9 * random();
}

function delayOf(delayMs: NonNullable<NetworkConditions['delayMs']>): Weather['delayMs'] {
  if (typeof delayMs === 'number') {
    const fixed = checkNumber(WHERE, 'delayMs', delayMs, 0);
    return () => fixed;
  }
  checkFunction(WHERE, 'delayMs', delayMs);
  return (random, from, to) => {
    const ms: unknown = delayMs(random, from, to);
    if (typeof ms === 'number' && ms >= 0) return ms;
    throw new OptionError(WHERE, 'delayMs', ms, 'a function that returns milliseconds, 0 or more');
  };
}

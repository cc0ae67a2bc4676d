/** What an outbox and a hinted handoff have in common. */
import { type Clock, systemClock, systemWallClock, type WallClock } from '../../core/clock.ts';
import { type Observer, Reporter } from '../../core/observer.ts';
import { checkCount, checkFunction, checkInterval, checkPort } from '../../core/options.ts';
import { type Random, systemRandom } from '../../core/random.ts';
import type { CourierSettings } from './courier.ts';
import { memoryStore, type WaitingStore } from './store.ts';

export interface LaterOptions<T> {
  /** Where what waits is kept. @defaultValue in memory: lost with the process */
  readonly store?: WaitingStore<T>;
  /** How many may wait. @defaultValue 10_000 */
  readonly maxEntries?: number;
  /** Deliveries at one time. @defaultValue 8 */
  readonly maxConcurrent?: number;
  /** Milliseconds that one attempt may take. @defaultValue 5_000 */
  readonly timeoutMs?: number;
  /** Milliseconds until the second attempt; twice as many before each further one. @defaultValue 100 */
  readonly baseDelayMs?: number;
  /** The longest time between two attempts. @defaultValue 30_000 */
  readonly maxDelayMs?: number;
  readonly clock?: Clock;
  /** The time of day, for how old an entry is, also after a restart. @defaultValue the platform's */
  readonly wallClock?: WallClock;
  readonly random?: Random;
  readonly observer?: Observer;
  readonly name?: string;
}

export type CommonSettings<T> = Omit<CourierSettings<T>, 'deliver' | 'giveUp'>;

export function commonSettings<T>(where: string, options: LaterOptions<T>): CommonSettings<T> {
  const maxEntries = checkCount(where, 'maxEntries', options.maxEntries ?? 10_000);
  const store = options.store ?? memoryStore<T>(maxEntries);
  for (const method of ['add', 'remove', 'all'] as const) checkPort(where, 'store', store, method);
  const baseDelayMs = checkInterval(where, 'baseDelayMs', options.baseDelayMs ?? 100);
  return {
    store,
    maxEntries,
    maxConcurrent: checkCount(where, 'maxConcurrent', options.maxConcurrent ?? 8),
    timeoutMs: checkInterval(where, 'timeoutMs', options.timeoutMs ?? 5_000),
    baseDelayMs,
    maxDelayMs: checkInterval(where, 'maxDelayMs', options.maxDelayMs ?? Math.max(30_000, baseDelayMs)),
    clock: checkPort(where, 'clock', options.clock ?? systemClock, 'setTimeout'),
    wallClock: checkFunction(where, 'wallClock', options.wallClock ?? systemWallClock),
    random: checkFunction(where, 'random', options.random ?? systemRandom),
    reporter: new Reporter('quorum', options),
  };
}

/** Polling: whoever knows the endpoints (a registry, an orchestrator's API) is asked for them every so often. */
import { systemClock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { checkFunction } from '../core/options.ts';
import { promised } from '../core/policy.ts';
import type { CallContext } from '../core/transport.ts';
import { Pace, type PaceOptions } from './pace.ts';
import { polls } from './poll.ts';
import { SharedSource } from './shared-source.ts';
import { type DiscoverySource, type SourceOptions, sourceOf } from './source.ts';

export interface PollingOptions<E> extends SourceOptions, PaceOptions {
  /** Resolves to the endpoints as they are now: addresses, or `endpoint(address, …)`. */
  readonly list: (context: CallContext) => Promise<readonly (E | Endpoint<E>)[]>;
}

/**
 * A source that is asked every so often.
 *
 * When it rejects, hangs for longer than `timeoutMs`, or answers what cannot be used (an empty list, no list), the
 * last good answer stays, and it is asked again after a backoff with jitter (structures/backoff.ts). Nothing is
 * asked before the first follower, or after the last. Where changes can be watched, `watching` hears of them
 * sooner and asks less.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @example
 * ```ts
 * import { polling } from 'evenkeel/discovery';
 * using source = polling({ list: async () => ['10.0.0.11', '10.0.0.12'], intervalMs: 10_000 });
 * const found = await new Promise<number>((resolve) => {
 *   source.follow({ found: (endpoints) => resolve(endpoints.length), failed: () => {}, lost: () => {} });
 * });
 * if (found !== 2 || source.snapshot().state !== 'fresh') throw new Error('not found');
 * ```
 */
export function polling<E>(options: PollingOptions<E>): DiscoverySource<E> {
  const list = checkFunction('polling', 'list', options.list);
  const pace = new Pace('polling', options);
  const work = polls({
    ask: async (context) => ({ list: await promised(list(context)), nextMs: pace.nextMs() }),
    timeoutMs: pace.timeoutMs,
    backoff: pace.backoff,
    clock: options.clock ?? systemClock,
  });
  return sourceOf(new SharedSource<E>('polling', options, work));
}

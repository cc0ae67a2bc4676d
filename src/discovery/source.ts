/** What every source of this room is and may be told. */
import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { type EndpointSource, isEndpointSource } from '../core/endpoint-source.ts';
import { OptionError } from '../core/errors.ts';
import type { Observer } from '../core/observer.ts';
import { checkCount, checkDuration, checkInterval } from '../core/options.ts';
import type { Limits } from './standing.ts';

/** Knows which endpoints exist; give it to `balance` as `endpoints`. */
export interface DiscoverySource<E> extends EndpointSource<E> {
  snapshot(): DiscoverySnapshot<E>;
  /** Lets all followers go and stops all work; who follows it afterwards begins it anew. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What a source knows at this moment. */
export interface DiscoverySnapshot<E> {
  /** The last good answer, with those who are leaving; not to be used any more when the state is `'lost'`. */
  readonly endpoints: readonly Endpoint<E>[];
  /** Milliseconds since the source last gave a good answer; `undefined` before the first. */
  readonly ageMs: number | undefined;
  /**
   * `'idle'`: nobody follows it, so nothing is asked. `'waiting'`: there has been no good answer yet. `'fresh'`:
   * the last ask went well. `'stale'`: it did not, and what was known before holds. `'lost'`: that has become
   * older than `maxAgeMs`.
   */
  readonly state: 'idle' | 'waiting' | 'fresh' | 'stale' | 'lost';
  /** Why the last ask failed; `undefined` if it went well. */
  readonly lastError: unknown;
}

/** What every source may be told. */
export interface SourceOptions {
  /** Milliseconds after which an answer is used no more, if no newer one came. @defaultValue Infinity */
  readonly maxAgeMs?: number;
  /**
   * Milliseconds for which an endpoint stays that the source names no more. Who comes back within them keeps its
   * latencies and its health. Set it to a few refreshes where answers flap, or are a random part of the whole
   * (DNS that answers eight of many). Not without need: an address that was taken away on purpose may be
   * somebody else's soon. @defaultValue 0
   */
  readonly removalDelayMs?: number;
  /** How many endpoints are held at most; an answer with more is refused as a whole. @defaultValue 10_000 */
  readonly maxEndpoints?: number;
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

export function checkLimits(where: string, options: SourceOptions): Limits {
  return {
    maxAgeMs: checkInterval(where, 'maxAgeMs', options.maxAgeMs ?? Infinity),
    removalDelayMs: checkDuration(where, 'removalDelayMs', options.removalDelayMs ?? 0),
    maxEndpoints: checkCount(where, 'maxEndpoints', options.maxEndpoints ?? 10_000),
  };
}

/** At least one source; whatever keeps the port is one. */
export function checkSources<E>(
  where: string,
  sources: readonly EndpointSource<E>[],
): readonly EndpointSource<E>[] {
  if (Array.isArray(sources) && sources.length > 0 && sources.every((one) => isEndpointSource(one)))
    return [...sources];
  throw new OptionError(where, 'sources', sources, 'a list of at least one source');
}

/** The snapshot of a source, if it is one that gives any. */
export function snapshotOf<E>(source: EndpointSource<E> | undefined): DiscoverySnapshot<E> | undefined {
  const { snapshot } = (source ?? {}) as Partial<DiscoverySource<E>>;
  return typeof snapshot === 'function' ? snapshot.call(source) : undefined;
}

/** The source as its user holds it: functions that may be taken off it, and disposal where the platform has it. */
export function sourceOf<E>(source: Omit<DiscoverySource<E>, typeof Symbol.dispose>): DiscoverySource<E> {
  const dispose = (): void => source.dispose();
  const held: Omit<DiscoverySource<E>, typeof Symbol.dispose> = {
    follow: (follower) => source.follow(follower),
    snapshot: () => source.snapshot(),
    dispose,
  };
  const stop = Symbol.dispose === undefined ? {} : { [Symbol.dispose]: dispose };
  return Object.assign(held, stop) as DiscoverySource<E>;
}

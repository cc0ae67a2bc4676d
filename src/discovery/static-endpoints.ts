/** A source whose answer never changes: the last of those that are ranked, or what a test needs. */
import { type Endpoint, toEndpoints } from '../core/endpoint.ts';
import type { Follower } from '../core/endpoint-source.ts';
import { checkPort } from '../core/options.ts';
import { type DiscoverySource, sourceOf } from './source.ts';

/**
 * A source that always answers the same endpoints, at once.
 *
 * For `ranked` and `merged`; `balance` takes a list as it is.
 *
 * @throws {@link OptionError} for an empty list, and for an identity that is there twice
 * @example
 * ```ts
 * import { staticEndpoints } from 'evenkeel/discovery';
 * const source = staticEndpoints(['10.0.0.11', '10.0.0.12']);
 * if (source.snapshot().endpoints.length !== 2) throw new Error('two were given');
 * ```
 */
export function staticEndpoints<E>(list: readonly (E | Endpoint<E>)[]): DiscoverySource<E> {
  const endpoints = toEndpoints('staticEndpoints', 'endpoints', list);
  return sourceOf<E>({
    follow: (follower: Follower<E>) => {
      checkPort('follow', 'follower', follower, 'found');
      try {
        follower.found(endpoints);
      } catch {
        // As of every source: what a follower throws is its own.
      }
      return () => {};
    },
    snapshot: () => ({ endpoints, ageMs: 0, state: 'fresh', lastError: undefined }),
    dispose: () => {},
  });
}

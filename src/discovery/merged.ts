/** Merged sources: what any of them knows exists. */
import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { EndpointSource } from '../core/endpoint-source.ts';
import type { Observer } from '../core/observer.ts';
import { type Change, Child } from './child.ts';
import { SharedSource, type Told } from './shared-source.ts';
import { checkSources, type DiscoverySource, snapshotOf, sourceOf } from './source.ts';

export interface MergedOptions {
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/**
 * The union of several sources: two data centres, a registry and a list by hand. Where two name one identity, the
 * earlier source describes it.
 *
 * A source that has lost what it knew, or has not answered yet, adds nothing; while one fails the union is stale.
 * Its age in the snapshot is that of its oldest part. For a source that stands in for another, use `ranked`.
 *
 * @throws {@link OptionError} at construction for an empty list, or for what is no source
 * @example
 * ```ts
 * import { endpoint } from 'evenkeel';
 * import { merged, staticEndpoints } from 'evenkeel/discovery';
 * const near = staticEndpoints([endpoint('10.0.0.11', { zone: 'eu' })]);
 * using source = merged([near, staticEndpoints(['10.0.0.11', '10.1.0.11'])]);
 * const zones = await new Promise<string>((resolve) => {
 *   source.follow({
 *     found: (all) => (all.length === 2 ? resolve(all.map(({ zone }) => zone).join()) : undefined),
 *     failed: () => {},
 *     lost: () => {},
 *   });
 * });
 * if (zones !== 'eu,') throw new Error(zones);
 * ```
 */
export function merged<E>(
  sources: readonly EndpointSource<E>[],
  options: MergedOptions = {},
): DiscoverySource<E> {
  const list = checkSources('merged', sources);
  const shared = new SharedSource<E>('merged', { ...options, maxEndpoints: Infinity }, (told) => {
    const run = new Merged(list, told);
    run.begin();
    return () => run.end();
  });
  return sourceOf({
    follow: (follower) => shared.follow(follower),
    snapshot: () => {
      const own = shared.snapshot();
      const ages = list.map((source) => snapshotOf(source)?.ageMs ?? -Infinity);
      const oldest = Math.max(...ages);
      return oldest === -Infinity || own.ageMs === undefined ? own : { ...own, ageMs: oldest };
    },
    dispose: () => shared.dispose(),
  });
}

/** One run. */
class Merged<E> {
  readonly #children: readonly Child<E>[];
  readonly #told: Told;
  #begun = false;

  constructor(sources: readonly EndpointSource<E>[], told: Told) {
    this.#told = told;
    this.#children = sources.map(
      (source) => new Child(source, (child, change) => this.#heard(child, change)),
    );
  }

  begin(): void {
    for (const child of this.#children) child.begin();
    this.#begun = true;
    // What they knew already is told as one answer.
    this.#tell();
  }

  end(): void {
    for (const child of this.#children) child.end();
  }

  #heard(child: Child<E>, change: Change): void {
    if (!this.#begun) return;
    if (change === 'failed') this.#told.failed(child.error);
    else this.#tell();
  }

  #tell(): void {
    const union = new Map<unknown, Endpoint<E>>();
    for (const { endpoints, kind } of this.#children) {
      if (kind !== 'known') continue;
      for (const endpoint of endpoints) if (!union.has(endpoint.id)) union.set(endpoint.id, endpoint);
    }
    if (union.size > 0) this.#told.found([...union.values()]);
    else this.#told.lost();
    const failing = this.#children.find(({ error }) => error !== undefined);
    if (failing !== undefined) this.#told.failed(failing.error);
  }
}

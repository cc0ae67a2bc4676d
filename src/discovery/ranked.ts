/** Ranked sources: the first that has an answer is used; the next one only while it has none. */
import { Background } from '../core/background.ts';
import type { Clock, TimerHandle } from '../core/clock.ts';
import type { EndpointSource } from '../core/endpoint-source.ts';
import type { Observer, Reporter } from '../core/observer.ts';
import { checkInterval } from '../core/options.ts';
import { type Change, Child } from './child.ts';
import { SharedSource, type Told } from './shared-source.ts';
import { checkSources, type DiscoverySource, snapshotOf, sourceOf } from './source.ts';

export interface RankedOptions {
  /** Milliseconds that a better source may take for its first answer before the next one is used. @defaultValue 5_000 */
  readonly waitMs?: number;
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/**
 * Uses the first of several sources that has an answer, and goes on to the next while the better one has none:
 * it failed before its first answer, took longer for it than `waitMs`, or lost what it knew. As soon as the better
 * one answers, it is used again.
 *
 * A source that fails keeps its last good answer, so a better one that has answered once is left only if its
 * `maxAgeMs` says so. Worse sources are not followed, and so not asked, while a better one has an answer.
 * The snapshot is that of the source in use. Options such as `maxAgeMs` belong to the sources.
 *
 * @throws {@link OptionError} at construction for an empty list, for what is no source, or a `waitMs` out of range
 * @example
 * ```ts
 * import { polling, ranked, staticEndpoints } from 'evenkeel/discovery';
 * const registry = polling<string>({ list: () => Promise.reject(new Error('down')) });
 * using source = ranked([registry, staticEndpoints(['10.0.0.11'])]);
 * const found = await new Promise<unknown>((resolve) => {
 *   source.follow({ found: ([first]) => resolve(first?.address), failed: () => {}, lost: () => {} });
 * });
 * if (found !== '10.0.0.11') throw new Error('the second is not used');
 * ```
 */
export function ranked<E>(
  sources: readonly EndpointSource<E>[],
  options: RankedOptions = {},
): DiscoverySource<E> {
  const list = checkSources('ranked', sources);
  const waitMs = checkInterval('ranked', 'waitMs', options.waitMs ?? 5000);
  let current: Ranked<E> | undefined;
  const shared: SharedSource<E> = new SharedSource<E>(
    'ranked',
    { ...options, maxEndpoints: Infinity },
    (told) => {
      const run = new Ranked(list, { waitMs, clock: shared.clock, reporter: shared.reporter }, told);
      current = run;
      run.choose();
      return () => run.end();
    },
  );
  return sourceOf({
    follow: (follower) => shared.follow(follower),
    snapshot: () => {
      const own = shared.snapshot();
      const used = own.state === 'idle' ? undefined : snapshotOf(current?.used);
      return used ?? own;
    },
    dispose: () => shared.dispose(),
  });
}

interface Settings {
  readonly waitMs: number;
  readonly clock: Clock;
  readonly reporter: Reporter;
}

/** One run. */
class Ranked<E> {
  readonly #children: readonly Child<E>[];
  readonly #settings: Settings;
  readonly #told: Told;
  readonly #background = new Background();
  readonly #timers = new Map<Child<E>, TimerHandle>();
  #active: Child<E> | undefined = undefined;
  // What the last one that failed has said.
  #error: unknown = undefined;
  #choosing = false;
  #changed = false;
  #open = true;

  constructor(sources: readonly EndpointSource<E>[], settings: Settings, told: Told) {
    this.#settings = settings;
    this.#told = told;
    this.#children = sources.map(
      (source) => new Child(source, (child, change) => this.#heard(child, change)),
    );
  }

  /** The source in use. */
  get used(): EndpointSource<E> | undefined {
    return this.#active?.source;
  }

  end(): void {
    this.#open = false;
    for (const child of this.#children) this.#leave(child);
  }

  /** Chooses anew. A source that is begun may answer at once, and so be heard in the middle of it. */
  choose(): void {
    this.#changed = true;
    if (this.#choosing) return;
    this.#choosing = true;
    while (this.#changed && this.#open) {
      this.#changed = false;
      this.#use(this.#best());
    }
    this.#choosing = false;
  }

  #heard(child: Child<E>, change: Change): void {
    if (child.kind !== 'waiting') this.#wait(child, undefined);
    if (change === 'failed') this.#error = child.error;
    this.choose();
    // The failure of a source that is not in use concerns nobody, unless there is no other: see #use.
    if (change === 'failed' && child === this.#active) this.#told.failed(child.error);
  }

  /** The first that has an answer; while a better one is waited for, what was in use. */
  #best(): Child<E> | undefined {
    for (const child of this.#children) {
      if (child.kind === 'off') this.#begin(child);
      if (child.kind === 'known') return child;
      if (child.kind === 'waiting') return this.#active;
    }
    return undefined;
  }

  #use(child: Child<E> | undefined): void {
    const before = this.#active;
    this.#active = child;
    if (child?.kind === 'known')
      for (const worse of this.#children.slice(this.#children.indexOf(child) + 1)) this.#leave(worse);
    if (before !== child) this.#tellSwitch(before, child);
    if (child === undefined) {
      if (before !== undefined) this.#told.lost();
      const exhausted = this.#children.every(({ kind }) => kind === 'none');
      if (exhausted && this.#error !== undefined) this.#told.failed(this.#error);
    } else if (child !== before || child.news) {
      child.news = false;
      this.#told.found(child.endpoints);
    }
  }

  #begin(child: Child<E>): void {
    const { clock, waitMs } = this.#settings;
    child.begin();
    if (child.kind !== 'waiting' || waitMs === Infinity) return;
    const over = (): void => this.#background.run(() => child.giveUp(waitMs));
    this.#wait(child, clock.setTimeout(over, waitMs, 'background'));
  }

  #leave(child: Child<E>): void {
    this.#wait(child, undefined);
    if (child.kind !== 'off') child.end();
  }

  /** The timer that ends the wait for its first answer, in the place of the one before. */
  #wait(child: Child<E>, timer: TimerHandle): void {
    this.#settings.clock.clearTimeout(this.#timers.get(child));
    this.#timers.set(child, timer);
  }

  #tellSwitch(before: Child<E> | undefined, after: Child<E> | undefined): void {
    const { reporter } = this.#settings;
    const rankOf = (child: Child<E> | undefined): number | undefined =>
      child === undefined ? undefined : this.#children.indexOf(child) + 1;
    if (reporter.on) reporter.tell('switched', { from: rankOf(before), to: rankOf(after) });
  }
}

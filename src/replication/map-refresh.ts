/**
 * The refresh of the map: one at a time, however many calls want it, and not more often than every so many
 * milliseconds. A map that could not be had, or is none, changes nothing (law 6).
 */
import { Background } from '../core/background.ts';
import type { Clock, TimerHandle } from '../core/clock.ts';
import { errand } from '../core/errand.ts';
import type { Reporter } from '../core/observer.ts';
import { Scope } from '../core/scope.ts';
import type { CallContext } from '../core/transport.ts';
import type { ReplicationGroup } from './group.ts';
import type { Table } from './table.ts';

/** Asks who leads which partition. */
export type LoadGroups<E> = (context: CallContext) => Promise<readonly ReplicationGroup<E>[]>;

export interface MapRefreshOptions<E> {
  readonly load: LoadGroups<E> | undefined;
  readonly table: Table<E>;
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly maxAgeMs: number;
  readonly reporter: Reporter;
}

export class MapRefresh<E> {
  readonly #options: MapRefreshOptions<E>;
  readonly #background = new Background();
  readonly #life: Scope;
  #running = false;
  #timer: TimerHandle = undefined;
  #startedMs = -Infinity;
  #answeredMs = -Infinity;
  /** The table's number when the last map that arrived was asked for. */
  answeredAsOf: number = -1;
  /** Why the last one failed; `undefined` if it did not. */
  lastError: unknown = undefined;
  refreshes: number = 0;
  failures: number = 0;

  constructor(options: MapRefreshOptions<E>) {
    this.#options = options;
    this.#life = new Scope(options.clock, Infinity);
  }

  /** Whether the map can be asked for at all. */
  get possible(): boolean {
    return this.#options.load !== undefined && !this.#life.aborted;
  }

  get ageMs(): number {
    return this.#options.clock.now() - this.#answeredMs;
  }

  /** A newer map is wanted; one that is under way will do. */
  wanted(): void {
    if (!this.possible || this.#running || this.#timer !== undefined) return;
    const { clock, intervalMs } = this.#options;
    const waitMs = this.#startedMs + intervalMs - clock.now();
    if (waitMs > 0) this.#timer = clock.setTimeout(() => this.#rang(), waitMs, 'background');
    else this.#start();
  }

  /** The map is used: one that has become old is asked for again, and used meanwhile. */
  used(): void {
    const { clock, maxAgeMs } = this.#options;
    if (maxAgeMs === Infinity || this.#running) return;
    if (clock.now() - Math.max(this.#startedMs, this.#answeredMs) >= maxAgeMs) this.wanted();
  }

  dispose(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#life.abort(new Error('disposed'));
    this.#options.table.notify();
  }

  #rang(): void {
    this.#timer = undefined;
    this.#start();
  }

  #start(): void {
    const { load, clock, timeoutMs, table } = this.#options;
    this.#running = true;
    this.#startedMs = clock.now();
    const asOf = table.now;
    this.#background.run(() => {
      const ask = (_: undefined, context: CallContext) => (load as LoadGroups<E>)(context);
      void errand(ask, undefined, clock, timeoutMs, this.#life)
        .then((groups) => this.#found(groups, asOf))
        .catch((error: unknown) => this.#failed(error))
        .then(() => this.#done());
    });
  }

  #found(groups: readonly ReplicationGroup<E>[], asOf: number): void {
    const { table, reporter, clock } = this.#options;
    if (this.#life.aborted) return;
    table.renew(groups, asOf);
    this.answeredAsOf = asOf;
    this.#answeredMs = clock.now();
    this.refreshes++;
    this.lastError = undefined;
    table.notify();
    if (reporter.on) reporter.tell('map-refreshed', { groups: groups.length });
  }

  #failed(error: unknown): void {
    if (this.#life.aborted) return;
    this.failures++;
    this.lastError = error;
    const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
    const { reporter } = this.#options;
    if (reporter.on) reporter.tell('map-failed', { error: code ?? name });
  }

  #done(): void {
    this.#running = false;
    // Somebody still waits: for them this map was too early, or told nothing.
    if (this.#options.table.listening > 0) this.wanted();
  }
}

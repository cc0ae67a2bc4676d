/**
 * A source that several may follow: it begins its work with the first, ends it with the last, and keeps the last
 * good answer in between. The work (asking, watching, choosing) is a function; here is all that works share.
 */
import { Background } from '../core/background.ts';
import { type Clock, systemClock, type TimerHandle } from '../core/clock.ts';
import { type Endpoint, nameOf } from '../core/endpoint.ts';
import type { Follower } from '../core/endpoint-source.ts';
import { Reporter } from '../core/observer.ts';
import { checkPort } from '../core/options.ts';
import { readAnswer } from './answer.ts';
import { reasonOf } from './errors.ts';
import { type Followed, Followers } from './followers.ts';
import { checkLimits, type DiscoverySnapshot, type SourceOptions } from './source.ts';
import {
  aged,
  answered,
  changesAtMs,
  isKnown,
  type Limits,
  lost,
  refused,
  rested,
  type Standing,
  UNKNOWN,
} from './standing.ts';

/** Whom the work tells; deaf once the work was ended. */
export interface Told {
  /** Whether the answer could be used; if not, the followers were told so. */
  found(list: unknown): boolean;
  failed(error: unknown): void;
  lost(): void;
}

/** Begins to find out which endpoints exist, and answers with how to end that. */
export type Work = (told: Told) => () => void;

/** From the first follower to the last. */
interface Run {
  open: boolean;
  end: (() => void) | undefined;
}

export class SharedSource<E> {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly #where: string;
  readonly #limits: Limits;
  readonly #work: Work;
  // Work is done in the async context of whoever created the source, not of whoever followed first (law 8).
  readonly #background = new Background();
  readonly #followers: Followers<E>;
  #standing: Standing<E> = UNKNOWN;
  #run: Run | undefined = undefined;
  #timer: TimerHandle = undefined;

  constructor(where: string, options: SourceOptions, work: Work) {
    this.#where = where;
    this.#limits = checkLimits(where, options);
    this.#work = work;
    this.clock = options.clock ?? systemClock;
    this.reporter = new Reporter('discovery', options);
    this.#followers = new Followers(this.reporter);
  }

  follow(follower: Follower<E>): () => void {
    checkPort('follow', 'follower', follower, 'found');
    // Nobody watched its age while nobody followed.
    if (this.#run === undefined) this.#standing = aged(this.#standing, this.clock.now(), this.#limits);
    const one = this.#followers.add(follower);
    this.#greet(one);
    if (this.#run === undefined && this.#followers.size > 0) this.#begin();
    return () => this.#leave(one);
  }

  snapshot(): DiscoverySnapshot<E> {
    const { kind, endpoints, atMs, error } = this.#standing;
    return {
      endpoints,
      ageMs: atMs === -Infinity ? undefined : this.clock.now() - atMs,
      state: this.#followers.size === 0 ? 'idle' : kind,
      lastError: error,
    };
  }

  dispose(): void {
    this.#followers.clear();
    this.#end();
  }

  #leave(one: Followed<E>): void {
    if (this.#followers.delete(one) && this.#followers.size === 0) this.#end();
  }

  #begin(): void {
    const run: Run = { open: true, end: undefined };
    this.#run = run;
    this.#watchAge();
    const told: Told = {
      found: (list) => run.open && this.#found(list),
      failed: (error) => run.open && this.#failed(error),
      lost: () => run.open && this.#lose(lost(this.#standing)),
    };
    this.#background.run(() => {
      if (!run.open) return;
      const end = this.#work(told);
      // Whom it told at once may have left.
      if (run.open) run.end = end;
      else end();
    });
  }

  #end(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    run.open = false;
    this.clock.clearTimeout(this.#timer);
    this.#standing = rested(this.#standing);
    run.end?.();
  }

  #found(list: unknown): boolean {
    const before = this.#standing;
    try {
      const { endpoints, duplicates } = readAnswer<E>(this.#where, list, this.#limits.maxEndpoints);
      this.#standing = answered(before, endpoints, this.clock.now(), this.#limits);
      if (duplicates.length > 0) this.#tellDuplicates(duplicates);
    } catch (error) {
      this.#failed(error);
      return false;
    }
    this.#watchAge();
    // After a failure the followers wait to hear that it is over, even if nothing has changed.
    if (before.kind !== 'fresh' || before.endpoints !== this.#standing.endpoints) this.#tellFound(before);
    return true;
  }

  #failed(error: unknown): void {
    this.#standing = refused(this.#standing, error);
    const { endpoints, kind } = this.#standing;
    if (this.reporter.on)
      this.reporter.tell('failed', { reason: reasonOf(error), known: endpoints.length, state: kind });
    this.#tell((follower) => follower.failed(error));
  }

  #lose(after: Standing<E>): void {
    if (after.kind === this.#standing.kind) return;
    this.#standing = after;
    if (this.reporter.on) this.reporter.tell('lost', { ageMs: this.clock.now() - after.atMs });
    this.#tell((follower) => follower.lost());
  }

  /** Sets the timer for what happens by age alone: an endpoint leaves, or the answer is too old. */
  #watchAge(): void {
    this.clock.clearTimeout(this.#timer);
    const atMs = changesAtMs(this.#standing, this.#limits);
    const run = this.#run;
    if (atMs === Infinity || run === undefined) return;
    const look = (): void => {
      if (this.#run === run) this.#age();
    };
    // Readings round: without a step forward the timer might be set for the very same moment again and again.
    const delayMs = Math.max(1, atMs - this.clock.now());
    this.#timer = this.clock.setTimeout(() => this.#background.run(look), delayMs, 'background');
  }

  #age(): void {
    const before = this.#standing;
    const after = aged(before, this.clock.now(), this.#limits);
    if (after.kind === 'lost') this.#lose(after);
    else if (after !== before) {
      this.#standing = after;
      this.#tellFound(before);
    }
    if (this.#run !== undefined) this.#watchAge();
  }

  #greet(one: Followed<E>): void {
    const { kind, endpoints, error } = this.#standing;
    if (isKnown(this.#standing)) this.#followers.tellOne(one, (follower) => follower.found(endpoints));
    // A source that only now begins again may do better: what went wrong before is no news.
    if (this.#run === undefined) return;
    if (kind === 'lost') this.#followers.tellOne(one, (follower) => follower.lost());
    if (error !== undefined) this.#followers.tellOne(one, (follower) => follower.failed(error));
  }

  #tellFound(before: Standing<E>): void {
    const { endpoints } = this.#standing;
    if (this.reporter.on) {
      const known = new Set(before.endpoints.map(({ id }) => id));
      const stayed = endpoints.filter(({ id }) => known.has(id)).length;
      this.reporter.tell('found', {
        endpoints: endpoints.length,
        added: endpoints.length - stayed,
        removed: known.size - stayed,
      });
    }
    this.#tell((follower) => follower.found(endpoints));
  }

  #tellDuplicates(duplicates: readonly Endpoint<E>[]): void {
    const [first] = duplicates;
    if (first === undefined || !this.reporter.on) return;
    this.reporter.tell('duplicates', { endpoint: nameOf(first), duplicates: duplicates.length });
  }

  /** Whoever is told may make it change: then everybody has been told of that already. */
  #tell(say: (follower: Follower<E>) => void): void {
    const told = this.#standing;
    this.#followers.tell(say, () => this.#standing === told);
  }
}

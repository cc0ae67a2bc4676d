/**
 * Membership: whom a balancer knows. Follows a list or a source; who stays keeps all that is known of it, who
 * goes finishes its calls, and an answer with nobody in it is not followed (law 6).
 */
import { type Endpoint, toEndpoints } from '../core/endpoint.ts';
import { type EndpointSource, type Follower, isEndpointSource } from '../core/endpoint-source.ts';
import type { HealthPort } from '../core/health.ts';
import type { Reporter } from '../core/observer.ts';
import { type EndpointView, Member } from './member.ts';
import type { Views } from './views.ts';

/** How long one turn of the shares lasts. */
const TURN_MS = 10_000;

export interface Parts<E> {
  readonly health: HealthPort<E> | undefined;
  readonly views: Views<E>;
  readonly reporter: Reporter;
  readonly now: () => number;
}

export class Membership<E> implements Follower<E> {
  members: readonly Member<E>[] = [];
  /** Of the members, those that may be picked at all: a subset of a fleet's, else all. */
  used: readonly Member<E>[] = [];
  emptyUpdates = 0;
  /** Why the source could not be asked the last time, if it could not. */
  lastError: unknown = undefined;
  readonly #parts: Parts<E>;
  readonly #source: EndpointSource<E> | undefined = undefined;
  // By identity. Of old members only those that stay are kept: who comes back starts anew.
  #known = new Map<unknown, Member<E>>();
  readonly #listeners = new Set<() => void>();
  #stop: (() => void) | undefined = undefined;
  started = false;
  #turnMs = 0;
  #disposed = false;

  constructor(endpoints: readonly (E | Endpoint<E>)[] | EndpointSource<E>, parts: Parts<E>) {
    this.#parts = parts;
    if (isEndpointSource<E>(endpoints)) this.#source = endpoints;
    else this.#adopt(toEndpoints('balance', 'endpoints', endpoints), -Infinity);
  }

  /** The first call is about to be made. */
  start(): void {
    if (this.started) return;
    this.started = true;
    this.#parts.health?.start();
    try {
      this.#stop = this.#source?.follow(this);
    } catch (error) {
      this.failed(error);
    }
  }

  get followsSource(): boolean {
    return this.#source !== undefined;
  }

  /** Follows nobody any more, and lets go of the tracker. */
  dispose(): void {
    this.#disposed = true;
    this.#stop?.();
    this.#parts.health?.track(this, []);
    this.#parts.views.dispose();
    this.#changed();
  }

  /** Calls back when the members change. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  update(list: readonly (E | Endpoint<E>)[]): void {
    // It would be tracked again, and never be let go.
    if (this.#disposed) return;
    if (Array.isArray(list) && list.length === 0) {
      this.emptyUpdates++;
      this.#tell('empty-update', { kept: this.members.length });
      return;
    }
    this.#adopt(toEndpoints('balance', 'endpoints', list), this.#parts.now());
  }

  found(endpoints: readonly Endpoint<E>[]): void {
    try {
      this.update(endpoints);
    } catch (error) {
      // A source of somebody's own that lists an endpoint twice must not fail itself by it.
      this.failed(error);
    }
  }

  failed(error: unknown): void {
    this.lastError = error;
    this.#tell('source-failed', { kept: this.members.length });
  }

  lost(): void {
    this.#tell('source-lost', { dropped: this.members.length });
    this.used = [];
    this.#replace([]);
  }

  /** Counts calls by turns, so that shares tell of the last seconds and not of the whole past. */
  turn(nowMs: number): void {
    if (nowMs - this.#turnMs < TURN_MS) return;
    this.#turnMs = nowMs;
    for (const member of this.members) member.turn();
  }

  views(): EndpointView<E>[] {
    const nowMs = this.#parts.now();
    const calls = this.members.reduce((sum, { recent, before }) => sum + recent + before, 0);
    return this.members.map((member) => member.view(nowMs, calls));
  }

  member(id: unknown): Member<E> | undefined {
    return this.#known.get(id);
  }

  /** Keeps the members that stay, makes those that are new. */
  #adopt(endpoints: readonly Endpoint<E>[], nowMs: number): void {
    const { health, views } = this.#parts;
    // Nobody who is there from the start, or instead of nobody, has to be eased in.
    const joinedMs = this.members.length === 0 ? -Infinity : nowMs;
    const members = endpoints.map((endpoint) => {
      const member =
        this.#known.get(endpoint.id) ?? new Member(endpoint, views.whole.meters.meter(), joinedMs);
      member.describe(endpoint);
      return member;
    });
    this.#track(
      health,
      (views.whole.picker.within?.(members) as readonly Member<E>[] | undefined) ?? members,
      members,
    );
    this.lastError = undefined;
    if (this.members.length > 0) this.#tell('updated', { endpoints: endpoints.length });
    this.#replace(members);
  }

  /** Follows the health of those that may be picked; nothing is known of the others. */
  #track(health: HealthPort<E> | undefined, used: readonly Member<E>[], members: readonly Member<E>[]): void {
    const endpoints = used.map(({ endpoint }) => endpoint);
    const tracked = health?.track(this, endpoints);
    if (used.length < members.length) for (const member of members) member.judgedBy(undefined);
    for (const [index, member] of used.entries()) member.judgedBy(tracked?.[index]);
    this.used = used;
  }

  #replace(members: readonly Member<E>[]): void {
    this.members = members;
    this.#known = new Map(members.map((member) => [member.endpoint.id, member]));
    if (members.length > 0) this.#parts.views.update(this, this);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #tell(type: string, facts: Readonly<Record<string, unknown>>): void {
    const { reporter } = this.#parts;
    if (reporter.on) reporter.tell(type, facts);
  }
}

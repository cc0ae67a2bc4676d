/** A source as those follow it that are made of several: what it has said, and whether it has anything. */
import type { Endpoint } from '../core/endpoint.ts';
import type { EndpointSource, Follower } from '../core/endpoint-source.ts';
import { TimeoutError } from '../core/errors.ts';

export type Change = 'found' | 'failed' | 'lost';

export class Child<E> implements Follower<E> {
  readonly source: EndpointSource<E>;
  /** `'off'` while it is not followed; `'none'` once it has failed before its first answer, or lost what it knew. */
  kind: 'off' | 'waiting' | 'known' | 'none' = 'off';
  endpoints: readonly Endpoint<E>[] = [];
  /** Whether it has found something since this was last set to false. */
  news = false;
  error: unknown = undefined;
  readonly #changed: (child: Child<E>, change: Change) => void;
  #stop: (() => void) | undefined = undefined;

  constructor(source: EndpointSource<E>, changed: (child: Child<E>, change: Change) => void) {
    this.source = source;
    this.#changed = changed;
  }

  begin(): void {
    this.kind = 'waiting';
    try {
      const stop = this.source.follow(this);
      // What it said at once may have led to its end.
      if (this.#followed) this.#stop = stop;
      else stop();
    } catch (error) {
      this.failed(error);
    }
  }

  end(): void {
    this.kind = 'off';
    this.#stop?.();
    this.#stop = undefined;
  }

  /** It has taken too long to answer for the first time. */
  giveUp(waitMs: number): void {
    if (this.kind === 'waiting') this.failed(new TimeoutError(waitMs, 'the first answer of a source'));
  }

  found(endpoints: readonly Endpoint<E>[]): void {
    if (!this.#followed) return;
    this.kind = 'known';
    this.endpoints = endpoints;
    this.news = true;
    this.error = undefined;
    this.#changed(this, 'found');
  }

  failed(error: unknown): void {
    if (!this.#followed) return;
    if (this.kind === 'waiting') this.kind = 'none';
    this.error = error;
    this.#changed(this, 'failed');
  }

  lost(): void {
    if (!this.#followed) return;
    this.kind = 'none';
    this.#changed(this, 'lost');
  }

  get #followed(): boolean {
    return this.kind !== 'off';
  }
}

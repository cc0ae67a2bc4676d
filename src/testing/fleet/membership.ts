/** Who is in the fleet, as its clients are told: at once, and all at the same time. */
import type { Endpoint } from '../../core/endpoint.ts';
import type { EndpointSource, Follower } from '../../core/endpoint-source.ts';

export class Membership implements EndpointSource<string> {
  readonly #followers = new Set<Follower<string>>();
  #endpoints: readonly Endpoint<string>[] = [];

  get endpoints(): readonly Endpoint<string>[] {
    return this.#endpoints;
  }

  // A property, for those who hand it on without its object.
  follow = (follower: Follower<string>): (() => void) => {
    this.#followers.add(follower);
    follower.found(this.#endpoints);
    return () => this.#followers.delete(follower);
  };

  /** When the last one leaves nobody is told: clients keep the last list that had somebody in it. */
  set(endpoints: readonly Endpoint<string>[]): void {
    this.#endpoints = endpoints;
    if (endpoints.length === 0) return;
    for (const follower of this.#followers) follower.found(endpoints);
  }
}

/** A follower that writes down what it is told, and sources under the test's hand. */
import type { DiscoverySource } from '../../src/discovery/index.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EndpointSource, Follower } from '../../src/core/endpoint-source.ts';

export interface Recorder<E> extends Follower<E> {
  /** What it was told: identities, the message of an error, or `lost`. */
  readonly heard: string[];
  /** The last list. */
  readonly endpoints: readonly Endpoint<E>[];
}

export function recorder<E>(): Recorder<E> {
  const heard: string[] = [];
  let endpoints: readonly Endpoint<E>[] = [];
  return {
    heard,
    get endpoints() {
      return endpoints;
    },
    found(list) {
      endpoints = list;
      heard.push(list.map(({ id }) => String(id)).join(' '));
    },
    failed: (error) => void heard.push(`! ${(error as Error).message}`),
    lost: () => void heard.push('lost'),
  };
}

/** Follows, and gives what was told. */
export function followed<E>(source: EndpointSource<E>): Recorder<E> & { stop: () => void } {
  const one = recorder<E>();
  const stop = source.follow(one);
  return Object.assign(one, { stop });
}

/** A source that says what the test says. */
export function handSource<E>(): EndpointSource<E> & {
  readonly followers: Follower<E>[];
  say(tell: (follower: Follower<E>) => void): void;
} {
  const followers: Follower<E>[] = [];
  return {
    followers,
    follow(follower) {
      followers.push(follower);
      return () => void followers.splice(followers.indexOf(follower), 1);
    },
    say(tell) {
      const now = [...followers];
      for (const follower of now) tell(follower);
    },
  };
}

export const idsOf = <E>(source: DiscoverySource<E>): string =>
  source
    .snapshot()
    .endpoints.map(({ id }) => String(id))
    .join(' ');

/**
 * The port between those who find out which endpoints exist and those who call them. The balancer knows this
 * port, not the discovery room; anything that keeps it can be given as `endpoints`.
 */
import type { Endpoint } from './endpoint.ts';

/** Knows which endpoints exist, and tells when that changes. One source may serve several followers. */
export interface EndpointSource<E> {
  /**
   * Tells the follower of every answer from now on, beginning with what is known already, perhaps before this
   * returns. The source starts its work with the first follower, and ends it when the last one has stopped.
   *
   * @returns how to stop; the follower is told nothing more
   */
  follow(follower: Follower<E>): () => void;
}

/** Who is told of a source's answers. */
export interface Follower<E> {
  /** From now on it is exactly these: at least one, each identity once. */
  found(endpoints: readonly Endpoint<E>[]): void;
  /** The source could not be asked, or answered nothing: what was found before holds (law 6). */
  failed(error: unknown): void;
  /** What was found has become older than its user allows (`maxAgeMs`): nobody is known until the next answer. */
  lost(): void;
}

/** Whether it is a source, and not a list of endpoints. */
export function isEndpointSource<E>(value: unknown): value is EndpointSource<E> {
  return typeof (value as { follow?: unknown } | null | undefined)?.follow === 'function';
}

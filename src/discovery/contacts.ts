/**
 * Contacts: whom to ask for the members, the best first. Whoever answered last is asked again (as database drivers
 * keep their control connection), then those that never failed, then those that failed the least often in a row.
 */
import type { Endpoint } from '../core/endpoint.ts';
import type { Random } from '../core/random.ts';

/** It answered when it was last asked: before those of whom nothing is known. */
const ANSWERED = -1;

export class Contacts<E> {
  readonly #seeds: readonly Endpoint<E>[];
  readonly #maxAttempts: number;
  readonly #random: Random;
  #members: readonly Endpoint<E>[] = [];
  // By identity: failures in a row, or that it answered. Only of those who are known.
  #scores = new Map<unknown, number>();

  constructor(seeds: readonly Endpoint<E>[], maxAttempts: number, random: Random) {
    this.#seeds = seeds;
    this.#maxAttempts = maxAttempts;
    this.#random = random;
  }

  /** Up to `maxAttempts` members, and after them up to as many seeds: the way back when no member is left. */
  round(): readonly Endpoint<E>[] {
    const members = this.#bestOf(this.#members);
    const asked = new Set(members.map(({ id }) => id));
    return [...members, ...this.#bestOf(this.#seeds.filter(({ id }) => !asked.has(id)))];
  }

  answered({ id }: Endpoint<E>, members: readonly Endpoint<E>[]): void {
    this.#members = members;
    const known = new Set([...members, ...this.#seeds].map((one) => one.id));
    this.#scores = new Map([...this.#scores].filter(([other]) => known.has(other)));
    this.#scores.set(id, ANSWERED);
  }

  failed({ id }: Endpoint<E>): void {
    this.#scores.set(id, Math.max(0, this.#scores.get(id) ?? 0) + 1);
  }

  /** Equals are drawn, so that many clients do not all ask the same one. */
  #bestOf(endpoints: readonly Endpoint<E>[]): readonly Endpoint<E>[] {
    return endpoints
      .map((endpoint) => ({ endpoint, score: this.#scores.get(endpoint.id) ?? 0, draw: this.#random() }))
      .sort((one, other) => one.score - other.score || one.draw - other.draw)
      .slice(0, this.#maxAttempts)
      .map(({ endpoint }) => endpoint);
  }
}

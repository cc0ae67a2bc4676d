/** Aspects: one ward for each thing that requests may be about, as many as are allowed, and one for the rest. */
import type { Chart } from './chart.ts';
import { type House, Ward, type WardRules } from './ward.ts';

export type AspectOf = (request: never) => string | undefined;

export class Aspects<E> {
  /** What is about no aspect of its own. */
  readonly main: Ward<E>;
  readonly #rules: WardRules;
  readonly #house: House<E>;
  readonly #of: AspectOf | undefined;
  readonly #most: number;
  readonly #wards = new Map<string, Ward<E>>();

  constructor(rules: WardRules, house: House<E>, of: AspectOf | undefined, most: number) {
    this.#rules = rules;
    this.#house = house;
    this.#of = of;
    this.#most = most;
    this.main = new Ward(rules, house, undefined);
  }

  /** Whether requests are asked what they are about. */
  get apart(): boolean {
    return this.#of !== undefined;
  }

  /** The ward for this request. */
  of(request: unknown): Ward<E> {
    const aspect = this.#named(request);
    return aspect === undefined ? this.main : this.open(aspect);
  }

  /** The ward of this aspect; the main one where there are too many. */
  open(aspect: string): Ward<E> {
    let ward = this.#wards.get(aspect);
    if (ward !== undefined) return ward;
    if (this.#wards.size >= this.#most) return this.main;
    ward = new Ward(this.#rules, this.#house, aspect);
    this.#wards.set(aspect, ward);
    return ward;
  }

  find(aspect: string | undefined): Ward<E> {
    return aspect === undefined ? this.main : (this.#wards.get(aspect) ?? this.main);
  }

  *wards(): IterableIterator<Ward<E>> {
    yield this.main;
    yield* this.#wards.values();
  }

  named(): IterableIterator<[string, Ward<E>]> {
    return this.#wards.entries();
  }

  forget(chart: Chart): void {
    for (const ward of this.wards()) ward.forget(chart);
  }

  #named(request: unknown): string | undefined {
    try {
      return this.#of?.(request as never);
    } catch {
      // Whoever cannot say what a request is about must not break it.
      return undefined;
    }
  }
}

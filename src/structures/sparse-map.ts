/**
 * A map that mostly holds one entry or none, such as what is under way: that one is kept without a hash table. A
 * table that is filled and emptied again and again is rebuilt every few times, which costs a tenth of a microsecond
 * and more with each.
 */
export class SparseMap<K, V> {
  #key: K | undefined = undefined;
  #value: V | undefined = undefined;
  readonly #others = new Map<K, V>();

  get size(): number {
    return this.#others.size + (this.#value === undefined ? 0 : 1);
  }

  get(key: K): V | undefined {
    if (this.#value !== undefined && same(this.#key, key)) return this.#value;
    return this.#others.size === 0 ? undefined : this.#others.get(key);
  }

  set(key: K, value: V & {}): void {
    if (this.#value === undefined ? !this.#others.has(key) : same(this.#key, key)) {
      this.#key = key;
      this.#value = value;
    } else {
      this.#others.set(key, value);
    }
  }

  delete(key: K): boolean {
    if (this.#value === undefined || !same(this.#key, key)) {
      return this.#others.size > 0 && this.#others.delete(key);
    }
    this.#key = undefined;
    this.#value = undefined;
    return true;
  }

  /** A copy: who goes through it may change the map. */
  keys(): K[] {
    return this.#value === undefined ? [...this.#others.keys()] : [this.#key as K, ...this.#others.keys()];
  }
}

/** As a Map compares: NaN is itself. */
function same(one: unknown, other: unknown): boolean {
  return one === other || (one !== one && other !== other);
}

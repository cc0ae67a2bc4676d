/** The registry: which endpoints are followed, and for whom. One leaves when nobody uses it any more. */
import { type Endpoint, nameOf } from '../core/endpoint.ts';
import { Chart } from './chart.ts';

export interface Entry<E> {
  readonly chart: Chart;
  readonly address: E;
  readonly owners: Set<object>;
}

/** Who is told of arrivals and departures. */
export interface Porter<E> {
  arrived(entry: Entry<E>): void;
  left(entry: Entry<E>): void;
}

export class Registry<E> {
  readonly #porter: Porter<E>;
  readonly #entries = new Map<unknown, Entry<E>>();

  constructor(porter: Porter<E>) {
    this.#porter = porter;
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): IterableIterator<Entry<E>> {
    return this.#entries.values();
  }

  /** From now on `owner` uses exactly these. */
  follow(owner: object, endpoints: readonly Endpoint<E>[]): readonly Chart[] {
    const used = new Set(endpoints.map(({ id }) => id));
    for (const [id, entry] of this.#entries) {
      if (used.has(id) || !entry.owners.delete(owner) || entry.owners.size > 0) continue;
      this.#entries.delete(id);
      this.#porter.left(entry);
    }
    return endpoints.map((endpoint) => this.#adopt(owner, endpoint).chart);
  }

  /** The entry of an address, or of an endpoint by its identity. */
  find(address: E | Endpoint<E>): Entry<E> | undefined {
    const known = this.#entries.get(address);
    if (known !== undefined || typeof address !== 'object' || address === null) return known;
    return 'id' in address ? this.#entries.get(address.id) : undefined;
  }

  #adopt(owner: object, endpoint: Endpoint<E>): Entry<E> {
    const { id, address } = endpoint;
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { chart: new Chart(nameOf(endpoint)), address, owners: new Set() };
      this.#entries.set(id, entry);
      this.#porter.arrived(entry);
    }
    entry.owners.add(owner);
    return entry;
  }
}

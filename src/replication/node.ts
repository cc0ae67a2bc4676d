/** The servers of all groups: each one is one node, with one health and one count of calls, whatever it leads. */
import { type Endpoint, nameOf, toEndpoint } from '../core/endpoint.ts';
import { type EndpointHealth, HEALTHY, type HealthPort, type Rank } from '../core/health.ts';

export class Node<E> {
  readonly endpoint: Endpoint<E>;
  /** As events show it. */
  readonly name: string;
  health: EndpointHealth | undefined = undefined;
  pending: number = 0;

  constructor(endpoint: Endpoint<E>) {
    this.endpoint = endpoint;
    this.name = nameOf(endpoint);
  }

  get rank(): Rank {
    return this.health?.rank ?? HEALTHY;
  }
}

export class Nodes<E> {
  #health: HealthPort<E> | undefined;
  #known = new Map<unknown, Node<E>>();

  constructor(health: HealthPort<E> | undefined) {
    this.#health = health;
  }

  get all(): IterableIterator<Node<E>> {
    return this.#known.values();
  }

  /** Its node; a new one, which is not known until it is kept, if it has none. */
  find(value: E | Endpoint<E>): Node<E> {
    const endpoint = toEndpoint(value);
    return this.#known.get(endpoint.id) ?? new Node(endpoint);
  }

  has(node: Node<E>): boolean {
    return this.#known.get(node.endpoint.id) === node;
  }

  /** From now on it is these. */
  keep(nodes: Iterable<Node<E>>): void {
    this.#known = new Map([...nodes].map((node) => [node.endpoint.id, node]));
    if (this.#health === undefined) return;
    const all = [...this.all];
    const healths = this.#health.track(
      this,
      all.map(({ endpoint }) => endpoint),
    );
    all.forEach((node, at) => (node.health = healths[at]));
  }

  /** Reads a map that names nodes, and keeps those that are in use then. */
  renew<T>(
    read: (node: (value: E | Endpoint<E>) => Node<E>) => T,
    used: (read: T) => Iterable<Node<E>>,
  ): void {
    const named = new Map<unknown, Node<E>>();
    const map = read((value) => {
      const node = this.find(value);
      const known = named.get(node.endpoint.id) ?? node;
      named.set(node.endpoint.id, known);
      return known;
    });
    this.keep(used(map));
  }

  /** Nobody's health is asked about any more. */
  dispose(): void {
    this.#health?.track(this, []);
    this.#health = undefined;
  }
}

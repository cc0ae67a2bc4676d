/** Who reaches whom on a simulated network: partitions, one-way cuts, and the order on a link. */

export class Links {
  /** The group of each node that is in one. */
  #groups: Map<string, number> = new Map();
  #cuts: Set<string> = new Set();
  /** When the last message on a link arrives. */
  readonly #lastMs: Map<string, number> = new Map();

  partition(groups: readonly (readonly string[])[]): void {
    this.#groups = new Map(groups.flatMap((names, group) => names.map((name) => [name, group] as const)));
  }

  cut(from: string, to: string): void {
    this.#cuts.add(linkOf(from, to));
  }

  heal(): void {
    this.#groups.clear();
    this.#cuts.clear();
  }

  open(from: string, to: string): boolean {
    if (this.#cuts.size > 0 && this.#cuts.has(linkOf(from, to))) return false;
    if (this.#groups.size === 0) return true;
    const [one, other] = [this.#groups.get(from), this.#groups.get(to)];
    return one === undefined || other === undefined || one === other;
  }

  /** The time of arrival of a message that would come at `dueMs`: not before the one sent before it. */
  afterTheLast(from: string, to: string, dueMs: number): number {
    const link = linkOf(from, to);
    const atMs = Math.max(dueMs, this.#lastMs.get(link) ?? -Infinity);
    this.#lastMs.set(link, atMs);
    return atMs;
  }
}

/** Two names as one key; a name may hold any character, so its length is part of it. */
function linkOf(from: string, to: string): string {
  return `${from.length}:${from}${to}`;
}

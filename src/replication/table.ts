/**
 * The table: for each partition, who leads it and who follows. A map renews all of it, a redirect mends one entry.
 *
 * Every change takes a number. Whoever is asked something notes the number at that moment; a word without an epoch is
 * believed only if its entry has not changed since (law 7).
 */
import type { Endpoint } from '../core/endpoint.ts';
import { OptionError } from '../core/errors.ts';
import type { Reporter } from '../core/observer.ts';
import {
  type Claim,
  claimed,
  denied,
  failed,
  type Leadership,
  NOBODY,
  served,
} from '../structures/leadership.ts';
import { checkEpoch } from './epoch.ts';
import type { ReplicationGroup } from './group.ts';
import type { Node, Nodes } from './node.ts';
import type { PartitionId } from './session.ts';

export interface Entry<E> {
  readonly partition: PartitionId;
  leadership: Leadership<Node<E>>;
  replicas: readonly Node<E>[];
  changedAt: number;
}

/** A group of a map, with its nodes. */
interface Placed<E> {
  readonly group: ReplicationGroup<E>;
  readonly primary: Node<E> | undefined;
  readonly replicas: readonly Node<E>[];
}

export class Table<E> {
  readonly #nodes: Nodes<E>;
  readonly #reporter: Reporter;
  readonly #listeners = new Set<() => void>();
  #entries = new Map<string, Entry<E>>();
  #now = 0;

  constructor(nodes: Nodes<E>, reporter: Reporter) {
    this.#nodes = nodes;
    this.#reporter = reporter;
  }

  /** The number of the last change. */
  get now(): number {
    return this.#now;
  }

  get entries(): IterableIterator<Entry<E>> {
    return this.#entries.values();
  }

  get listening(): number {
    return this.#listeners.size;
  }

  entry(partition: PartitionId): Entry<E> | undefined {
    return this.#entries.get(String(partition));
  }

  /** Whatever is noted from now on is later than whatever was before. */
  tick(): number {
    return ++this.#now;
  }

  subscribe(told: () => void): () => void {
    this.#listeners.add(told);
    return () => this.#listeners.delete(told);
  }

  notify(): void {
    for (const told of this.#listeners) told();
  }

  /** Takes over a map that was asked for at `asOf`; throws, and changes nothing, if it is none. */
  renew(groups: readonly ReplicationGroup<E>[], asOf: number): void {
    if (!Array.isArray(groups) || groups.length === 0)
      throw new OptionError('partitioned', 'groups', groups, 'a list of at least one');
    const entries = new Map<string, Entry<E>>();
    this.#nodes.renew(
      (node) => {
        const placed = groups.map((group) => place(group, node));
        for (const one of placed) this.#add(one, entries);
        if (entries.size === 0)
          throw new OptionError('partitioned', 'groups', groups, 'with at least one partition');
        return placed;
      },
      (placed) => inUse(this.#applied(placed, entries, asOf)),
    );
  }

  /** Whether the claim was believed. It was made by somebody asked at `asOf`. */
  claim(entry: Entry<E>, to: E | Endpoint<E>, epoch: number | undefined, asOf: number): boolean {
    const node = this.#nodes.find(to);
    const before = entry.leadership;
    this.#become(entry, claimed(before, { leader: node, epoch }, entry.changedAt <= asOf), 'redirect');
    if (entry.leadership === before) return false;
    if (!this.#nodes.has(node)) this.#nodes.keep(inUse(this.#entries.values()));
    this.notify();
    return true;
  }

  denied(entry: Entry<E>, node: Node<E>, asOf: number): void {
    if (entry.changedAt <= asOf) this.#become(entry, denied(entry.leadership, node), 'denied');
  }

  failed(entry: Entry<E>, node: Node<E>, suspectAfter: number): void {
    this.#become(entry, failed(entry.leadership, node, suspectAfter), 'failures');
  }

  served(entry: Entry<E>, node: Node<E>): void {
    entry.leadership = served(entry.leadership, node);
  }

  #add({ group }: Placed<E>, entries: Map<string, Entry<E>>): void {
    for (const partition of group.partitions) {
      const id = String(partition);
      if (entries.has(id)) throw new OptionError('partitioned', 'partitions', partition, 'in one group only');
      const known = this.#entries.get(id);
      entries.set(id, known ?? { partition, leadership: NOBODY, replicas: [], changedAt: 0 });
    }
  }

  #applied(placed: readonly Placed<E>[], entries: Map<string, Entry<E>>, asOf: number): Iterable<Entry<E>> {
    this.#entries = entries;
    for (const { group, primary, replicas } of placed) {
      const claim: Claim<Node<E>> = { leader: primary, epoch: group.epoch };
      for (const partition of group.partitions) {
        const entry = entries.get(String(partition)) as Entry<E>;
        // A lower epoch changes nothing, the replicas included.
        if (group.epoch !== undefined && group.epoch < entry.leadership.epoch) continue;
        entry.replicas = replicas;
        this.#become(entry, claimed(entry.leadership, claim, entry.changedAt <= asOf), 'map');
      }
    }
    return entries.values();
  }

  #become(entry: Entry<E>, next: Leadership<Node<E>>, reason: string): void {
    const before = entry.leadership;
    if (next === before) return;
    entry.leadership = next;
    if (next.state === before.state && next.leader === before.leader && next.epoch === before.epoch) return;
    entry.changedAt = this.tick();
    // Not of the first map: it is no change, and there may be sixteen thousand.
    if (before === NOBODY || !this.#reporter.on) return;
    this.#reporter.tell('leader-changed', {
      partition: entry.partition,
      state: next.state,
      from: before.leader?.name,
      to: next.state === 'known' ? next.leader?.name : undefined,
      ...(next.epoch >= 0 && { epoch: next.epoch }),
      reason,
    });
  }
}

function place<E>(group: ReplicationGroup<E>, node: (value: E | Endpoint<E>) => Node<E>): Placed<E> {
  if (typeof (group as Partial<ReplicationGroup<E>> | null)?.partitions?.[Symbol.iterator] !== 'function')
    throw new OptionError('partitioned', 'groups', group, 'groups with their partitions');
  // A generator can be read once, and the map is read twice.
  const partitions = [...group.partitions];
  const { epoch, primary, replicas = [] } = group;
  checkEpoch('epoch', epoch);
  return {
    group: { ...group, partitions },
    primary: primary === undefined ? undefined : node(primary),
    replicas: [...new Set(replicas.map((replica) => node(replica)))],
  };
}

function* inUse<E>(entries: Iterable<Entry<E>>): Iterable<Node<E>> {
  for (const { leadership, replicas } of entries) {
    if (leadership.leader !== undefined) yield leadership.leader;
    yield* replicas;
  }
}

/** What all calls through one `partitioned` share: the table, its refresh, and what they learn from each attempt. */
import type { Context } from '../core/context.ts';
import { EJECTED } from '../core/health.ts';
import { Reporter } from '../core/observer.ts';
import { type Outcome, SUCCESS } from '../core/outcome.ts';
import { promised } from '../core/policy.ts';
import { markTried } from '../core/tried.ts';
import { Watch, type Watcher } from '../core/watch.ts';
import type { Redirect } from './group.ts';
import { MapRefresh } from './map-refresh.ts';
import { type Node, Nodes } from './node.ts';
import { type Checked, checkPartitioned, type PartitionedOptions } from './options.ts';
import { type Entry, Table } from './table.ts';

/** One request on its way to one server. */
export interface Attempt<E> {
  readonly node: Node<E>;
  readonly entry: Entry<E>;
  /** Whether it was sent to the node as the leader. */
  readonly asLeader: boolean;
  readonly ticket: number | undefined;
  readonly startMs: number;
  /** The table's number when it was sent. */
  readonly asOf: number;
  /** Its answer was: not I. */
  refusal: Redirect<E> | undefined;
  outcome: Outcome;
  /** The table's number when it ended: a map that was asked for later knows of it. */
  endedAsOf: number;
}

export class Router<E, Q, S> implements Watcher<Attempt<E>> {
  readonly options: Checked<E, Q, S>;
  readonly nodes: Nodes<E>;
  readonly table: Table<E>;
  readonly refresh: MapRefresh<E>;
  readonly reporter: Reporter;
  waiting = 0;
  redirects = 0;

  constructor(options: PartitionedOptions<E, Q, S>) {
    const checked = checkPartitioned(options);
    const { load, clock, refreshIntervalMs, refreshTimeoutMs, mapMaxAgeMs } = checked;
    this.options = checked;
    this.reporter = new Reporter('replication', options);
    this.nodes = new Nodes(checked.health);
    this.table = new Table(this.nodes, this.reporter);
    this.refresh = new MapRefresh({
      load,
      table: this.table,
      clock,
      intervalMs: refreshIntervalMs,
      timeoutMs: refreshTimeoutMs,
      maxAgeMs: mapMaxAgeMs,
      reporter: this.reporter,
    });
    if (typeof options.groups !== 'function') this.table.renew(options.groups, this.table.now);
  }

  /** A call is about to be made. */
  begin(): void {
    this.options.health?.start();
    this.refresh.used();
  }

  dispose(): void {
    this.refresh.dispose();
    this.nodes.dispose();
  }

  /** Sends the request there, and learns from how that ends. */
  send(attempt: Attempt<E>, request: Q, context: Context): Promise<S> {
    const { node } = attempt;
    const { address } = node.endpoint;
    node.pending++;
    markTried(context.call.root, node);
    const watch = new Watch(context, this.options.classify, this, attempt);
    let work: Promise<S>;
    try {
      work = promised(this.options.send(address, request, context.sentTo(address)));
    } catch (error) {
      work = Promise.reject(error);
    }
    return watch.follow(this.options.redirect === undefined ? work : this.#inspected(work, attempt));
  }

  /** The ticket of a call to this node now. */
  ticketOf(node: Node<E>, nowMs: number): number | undefined {
    const { health } = node;
    return (node.rank >= EJECTED ? health?.admitTrial(nowMs) : undefined) ?? health?.ticket;
  }

  ended(attempt: Attempt<E>, outcome: Outcome, _failed: boolean, _result: unknown): void {
    const { node, entry, ticket, startMs, refusal } = attempt;
    const { clock, suspectAfter } = this.options;
    node.pending--;
    attempt.outcome = outcome;
    attempt.endedAsOf = this.table.tick();
    // Who says that it does not lead is well.
    const verdict = refusal === undefined ? outcome : SUCCESS;
    const nowMs = clock.now();
    if (ticket !== undefined) node.health?.report(ticket, verdict, nowMs - startMs, nowMs);
    if (refusal !== undefined) return;
    if (outcome.kind === 'success') this.table.served(entry, node);
    else if (outcome.kind === 'failure') this.#doubt(entry, node, suspectAfter);
  }

  #doubt(entry: Entry<E>, node: Node<E>, suspectAfter: number): void {
    // Without anybody to ask, a doubted primary is still the best there is.
    if (!this.refresh.possible) return;
    this.table.failed(entry, node, suspectAfter);
    if (entry.leadership.state !== 'known') this.refresh.wanted();
  }

  #inspected(work: Promise<S>, attempt: Attempt<E>): Promise<S> {
    return work.then(
      (value) => {
        attempt.refusal = this.#refusalIn({ status: 'fulfilled', value }, attempt);
        return value;
      },
      (error: unknown) => {
        attempt.refusal = this.#refusalIn({ status: 'rejected', reason: error }, attempt);
        throw error;
      },
    );
  }

  /** A classifier that throws has recognised nothing. */
  #refusalIn(settled: PromiseSettledResult<S>, { node }: Attempt<E>): Redirect<E> | undefined {
    try {
      return this.options.redirect?.(settled, node.endpoint.address);
    } catch {
      return undefined;
    }
  }
}

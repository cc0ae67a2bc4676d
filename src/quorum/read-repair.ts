/**
 * Read repair: a read that meets replicas with old or no values writes them the newest (Dynamo §4.7, SOSP 2007).
 * What is not read is not repaired, so it takes no place of hints and of comparing whole stores.
 */
import { systemClock, type Clock } from '../core/clock.ts';
import { Background } from '../core/background.ts';
import type { Context } from '../core/context.ts';
import { errand } from '../core/errand.ts';
import { Gate } from '../core/gate.ts';
import { type Observer, Reporter } from '../core/observer.ts';
import { checkFunction, checkInterval, checkOneOf } from '../core/options.ts';
import type { CallContext } from '../core/transport.ts';
import { canonicalText } from '../structures/canonical-text.ts';
import { nameOf } from './names.ts';
import type { Reply, Vote } from './reply.ts';

export interface ReadRepairOptions<R, V> {
  /** Writes the newest value to a replica. It should store only what is newer: the replica may have moved on. */
  readonly write: (replica: R, value: V, context: CallContext) => Promise<unknown>;
  /**
   * `'blocking'`: the read answers when all it met have been repaired or failed to be, so that the next read with
   * the same quorum does not go back (Cassandra's monotonic quorum reads). `'background'`: at once, and who answers
   * after the read was decided is repaired too. @defaultValue 'background'
   */
  readonly mode?: 'background' | 'blocking';
  /** Repairs at one time, of all reads together. @defaultValue 16 */
  readonly maxConcurrent?: number;
  /** Repairs that may wait; more are shed, and left to the next read. @defaultValue 64 */
  readonly maxQueue?: number;
  /** Milliseconds that one repair may take. @defaultValue 5_000 */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly observer?: Observer;
  readonly name?: string;
}

export interface ReadRepairSnapshot {
  readonly running: number;
  readonly waiting: number;
  readonly repaired: number;
  readonly failed: number;
  /** Not begun, because too many were running and waiting. */
  readonly shed: number;
}

/** What a read knows of its values: which of two is the newer one, or that it made its own of all of them. */
export interface Judge<V> {
  readonly merges: boolean;
  isNewer(a: V | undefined, b: V | undefined): boolean;
}

/** Repairs for `repair` of a `quorumRead`; made by {@link readRepair}, and to be shared by many reads. */
export interface ReadRepair<R, V> {
  /** @internal */
  readonly stragglers: boolean;
  /** @internal */
  found<T extends Read<R, V>>(read: T, judge: Judge<V>, context: Context): T | Promise<T>;
  /** @internal */
  decided(value: V, judge: Judge<V>): void;
  /** @internal */
  late(vote: Vote<R, V>, judge: Judge<V>): void;
  snapshot(): ReadRepairSnapshot;
}

/** @internal */
export interface Read<R, V> {
  readonly value: V;
  readonly replies: readonly Reply<R, V>[];
}

/**
 * Makes a repairer for reads: bounded, and the first thing to be left out under load.
 *
 * Not for replicas that overwrite what is newer, and not instead of a register: two reads at once may still answer
 * new and then old.
 *
 * @throws {@link OptionError} for an option out of its range
 * @example
 * ```ts
 * import { quorumRead, readRepair } from 'evenkeel';
 * const disks = [{ version: 2 }, { version: 2 }, { version: 1 }];
 * const repair = readRepair<{ version: number }, { version: number }>({
 *   write: async (disk, { version }) => Object.assign(disk, { version }),
 *   mode: 'blocking',
 * });
 * const read = async (disk: { version: number }) => ({ ...disk });
 * await quorumRead({ replicas: disks, required: 3, read, newest: (x, y) => x.version - y.version, repair });
 * if (disks[2]?.version !== 2) throw new Error('not repaired');
 * ```
 */
export function readRepair<R, V>(options: ReadRepairOptions<R, V>): ReadRepair<R, V> {
  return new Repairer(options);
}

class Repairer<R, V> implements ReadRepair<R, V> {
  readonly stragglers: boolean;
  readonly #write: ReadRepairOptions<R, V>['write'];
  readonly #gate: Gate;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #reporter: Reporter;
  readonly #background: Background = new Background();
  /** What a read found, for those of its replicas that answer later. */
  readonly #found: WeakMap<Judge<V>, V> = new WeakMap();
  #repaired = 0;
  #failed = 0;
  #shed = 0;

  constructor(options: ReadRepairOptions<R, V>) {
    const { mode = 'background', maxConcurrent = 16, maxQueue = 64, timeoutMs = 5_000 } = options;
    this.#write = checkFunction('readRepair', 'write', options.write);
    this.stragglers = checkOneOf('readRepair', 'mode', mode, ['background', 'blocking']) === 'background';
    this.#gate = new Gate('readRepair', { maxConcurrent, maxQueue });
    this.#timeoutMs = checkInterval('readRepair', 'timeoutMs', timeoutMs);
    this.#clock = options.clock ?? systemClock;
    this.#reporter = new Reporter('quorum', options);
  }

  found<T extends Read<R, V>>(read: T, judge: Judge<V>, context: Context): T | Promise<T> {
    const behind = read.replies.flatMap((reply) =>
      reply.status === 'answered' && this.#isBehind(reply.value, read.value, judge) ? [reply.replica] : [],
    );
    if (!this.stragglers) {
      const all = behind.map((replica) => this.#repair(replica, read.value, context));
      return Promise.all(all).then(() => read);
    }
    for (const replica of behind) this.#background.run(() => void this.#repair(replica, read.value));
    return read;
  }

  decided(value: V, judge: Judge<V>): void {
    if (this.stragglers) this.#found.set(judge, value);
  }

  late(vote: Vote<R, V>, judge: Judge<V>): void {
    const best = this.#found.get(judge);
    if (best === undefined || vote.status === 'failed') return;
    try {
      if (!this.#isBehind(vote.value, best, judge)) return;
      this.#background.run(() => void this.#repair(vote.replica, best));
    } catch {
      // The user's comparison cannot tell, and nobody waits for it any more.
    }
  }

  snapshot(): ReadRepairSnapshot {
    const { running, waiting } = this.#gate;
    return { running, waiting, repaired: this.#repaired, failed: this.#failed, shed: this.#shed };
  }

  /** Whether a replica with this should have the other. */
  #isBehind(value: V, best: V, judge: Judge<V>): boolean {
    if (best === undefined || value === undefined) return value === undefined && best !== undefined;
    if (!judge.merges) return judge.isNewer(best, value);
    return !Object.is(value, best) && canonicalText(value) !== canonicalText(best);
  }

  /** Never rejects: a repair that fails is the next read's to try. */
  async #repair(replica: R, value: V, context?: Context): Promise<void> {
    const write = (one: R, inner: CallContext): Promise<unknown> => this.#write(one, value, inner);
    let begun = false;
    try {
      await this.#gate.run(() => {
        begun = true;
        return errand(write, replica, this.#clock, this.#timeoutMs, context?.scope);
      }, context);
      this.#repaired++;
      if (this.#reporter.on) this.#reporter.tell('repaired', {});
    } catch (error) {
      if (begun) this.#failed++;
      else this.#shed++;
      if (this.#reporter.on)
        this.#reporter.tell(begun ? 'repair-failed' : 'repair-shed', { reason: nameOf(error) });
    }
  }
}

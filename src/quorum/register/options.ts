/** What a register is told, and what it answers. */
import type { Clock } from '../../core/clock.ts';
import type { Observer } from '../../core/observer.ts';
import type { Random } from '../../core/random.ts';
import type { CallContext, CallOptions } from '../../core/transport.ts';
import type { Reply } from '../reply.ts';
import type { MissedWrites, QuorumWriteResult } from '../write.ts';
import type { Tag, Versioned } from '../versions/tag.ts';
import type { Unfinished } from './errors.ts';
import type { RegisterQuorum } from './members.ts';

/** The replicas, or for a store that is partitioned those of a key, in the same order for every client. */
export type RegisterReplicas<R> = readonly R[] | ((key: string) => readonly R[]);

export interface QuorumRegisterOptions<R, V> {
  /**
   * All replicas there are, also those known to be down; or a function of the key, for instance the first three
   * of `preferenceOrder(key, nodes)`.
   */
  readonly replicas: RegisterReplicas<R>;
  /** Asks one replica what it has under the key; `undefined` or `null` if nothing. */
  readonly read: (replica: R, key: string, context: CallContext) => Promise<Versioned<V> | null | undefined>;
  /**
   * Puts it into one replica **if it is newer**: stores it exactly if its tag is higher than that of what is there,
   * or nothing is there, in one atomic step; and resolves also if it was not. `checkReplicaContract` of `evenkeel/testing` tries it out.
   */
  readonly write: (
    replica: R,
    key: string,
    versioned: Versioned<V>,
    context: CallContext,
  ) => Promise<unknown>;
  /**
   * `'linearizable'`: as if there were one register and one operation at a time. `'regular'`: one round trip less
   * for some reads; while a write is under way, or after one that failed, a read may answer new and the next one
   * old again.
   */
  readonly consistency: 'linearizable' | 'regular';
  /** How many replicas are enough. @defaultValue a majority for both */
  readonly quorum?: RegisterQuorum<R>;
  /**
   * What becomes of replicas that a read finds behind: brought up to date in the background, or left alone.
   * @defaultValue 'background'
   */
  readonly repair?: 'background' | 'none';
  /** Repairs, and keys copied by `reconfigure`, at one time. @defaultValue 16 */
  readonly maxConcurrent?: number;
  /** Repairs that may wait; more are shed. @defaultValue 64 */
  readonly maxQueue?: number;
  /** Updates of one key that may wait for each other in this process. @defaultValue 1_000 */
  readonly maxWaitingUpdates?: number;
  /** Keys of which it is remembered what the replicas had, to see one go back. @defaultValue 10_000 */
  readonly maxTrackedKeys?: number;
  /** Gives a write to a replica later that has missed it: a `hintedHandoff`. @defaultValue nobody */
  readonly hints?: { of(missed: Unfinished<V>): MissedWrites<R> };
  /**
   * The first part of the name under which this register writes, to find it in the replicas; a random part is
   * added for each incarnation. @defaultValue `'w'`
   */
  readonly writer?: string;
  /** Milliseconds after which a silent replica is a vote against. @defaultValue 5_000 */
  readonly replicaTimeoutMs?: number;
  /** Milliseconds that one operation may take. @defaultValue 10_000 */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** Two registers must never draw the same numbers: their names would be the same. @defaultValue the platform's */
  readonly random?: Random;
  readonly observer?: Observer;
  /** Appears in events. */
  readonly name?: string;
}

/** What {@link QuorumRegister.lookup} found. */
export interface RegisterRead<R, V> {
  /** `undefined` if nothing is there, or it was deleted. */
  readonly value: V | undefined;
  /** Its version, also of what was deleted; `undefined` if nothing was ever there. A valid fencing token. */
  readonly tag: Tag | undefined;
  /**
   * `'fast'`: so many had the newest that no later read can miss it. `'write-back'`: it had to be written to others
   * first. `'regular'`: nobody asked for more.
   */
  readonly path: 'fast' | 'write-back' | 'regular';
  /** Who answered what. */
  readonly replies: readonly Reply<R, Versioned<V> | undefined>[];
}

/** What a write achieved, and its tag. */
export interface RegisterWrite<R> extends QuorumWriteResult<R> {
  readonly tag: Tag;
}

export interface ReconfigureOptions<R> {
  readonly replicas: RegisterReplicas<R>;
  /** @defaultValue a majority for both */
  readonly quorum?: RegisterQuorum<R>;
  /** Every key there is; each is copied to the new replicas. Empty, if somebody else copies them. */
  readonly keys: Iterable<string> | AsyncIterable<string>;
  /**
   * Waits for the other clients, where there are any: called when this one asks both sets (`'joined'`; to resolve
   * when all do), and when the keys are copied (`'copied'`; to resolve when all that had to be are). A client that
   * asks only the old set must never meet one that asks only the new. @defaultValue there are none
   */
  readonly together?: (stage: 'joined' | 'copied') => Promise<void>;
}

export interface QuorumRegisterSnapshot {
  /** The name it writes under; `undefined` before its first write. */
  readonly writer: string | undefined;
  /** The highest counter it has made or met. */
  readonly counter: number;
  readonly membership: 'stable' | 'joint';
  readonly inFlight: number;
  /** Keys that are being updated. */
  readonly updating: number;
  readonly reads: number;
  /** Reads that had to write back first. */
  readonly writeBacks: number;
  readonly writes: number;
  readonly repaired: number;
  readonly repairsShed: number;
  /** Answers that were not counted because they cannot be right. */
  readonly breaches: number;
}

/** A register per key, kept by replicas; made by {@link quorumRegister}. */
export interface QuorumRegister<R, V> {
  /**
   * The value; `undefined` if there is none.
   *
   * @throws {@link QuorumError} when too few replicas answered; {@link QuorumWriteError} when too few took what had
   * to be written back; {@link ReplicaContractError} when two have different values under one tag
   */
  read(key: string, call?: CallOptions): Promise<V | undefined>;
  /** The value with its tag, who answered what, and how it was found. */
  lookup(key: string, call?: CallOptions): Promise<RegisterRead<R, V>>;
  /**
   * Writes a value; it may be anything but `undefined`.
   *
   * @throws {@link RegisterWriteError} which says what is known of it
   */
  write(key: string, value: Exclude<V, undefined>, call?: CallOptions): Promise<RegisterWrite<R>>;
  /** Deletes the value: writes a tombstone, which the replicas have to keep. */
  delete(key: string, call?: CallOptions): Promise<RegisterWrite<R>>;
  /**
   * Reads, asks `change` for what follows (`undefined` deletes), and writes that. Updates of one key wait for each
   * other within this process. **Not atomic across processes**: of two at once one may be lost, for no register of
   * reads and writes can do better (Herlihy 1991). Where that matters take a store with compare-and-set, or a
   * value that merges.
   */
  update(
    key: string,
    change: (value: V | undefined) => V | undefined | Promise<V | undefined>,
    call?: CallOptions,
  ): Promise<RegisterWrite<R>>;
  /**
   * Finishes a write whose outcome is unknown: sends the same value with the same tag once more. What was written
   * after it stays.
   */
  retry(failed: Unfinished<V> | Error, call?: CallOptions): Promise<RegisterWrite<R>>;
  /**
   * Changes the replicas while reads and writes go on: asks a quorum of the old and of the new ones, copies the
   * keys, and then asks only the new ones. Resolves when nothing that still asks the old ones is under way. If it
   * fails before the keys are copied it goes back to the old ones; later it stays with both, and may be called
   * again.
   */
  reconfigure(options: ReconfigureOptions<R>, call?: CallOptions): Promise<{ readonly copied: number }>;
  snapshot(): QuorumRegisterSnapshot;
}

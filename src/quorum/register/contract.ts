/**
 * What a replica has to keep to, as far as one client can see it: it never goes back. Once it has answered with a
 * tag, or acknowledged one, every answer to a later question has that tag or a higher one.
 *
 * A replica that breaks this has been emptied or restored, or overwrites what is newer. Its answers for the key do
 * not count until it has caught up. What this client has not seen it cannot check.
 */
import { BoundedMap } from '../../core/bounded-map.ts';
import { EvenkeelError, hasCode } from '../../core/errors.ts';
import { canonicalText } from '../../structures/canonical-text.ts';
import { compareTags, isTag, type Tag, type Versioned } from '../versions/tag.ts';

/**
 * - `went-back`: it answered with less than it had before.
 * - `no-tag`: it answered with something that is no {@link Versioned}.
 * - `unknown-tag`: with a tag of this very writer that this writer has never made.
 * - `equal-tags`: two replicas have different values under one tag.
 */
export type ContractBreach = 'went-back' | 'no-tag' | 'unknown-tag' | 'equal-tags';

/** A replica has not kept what a register needs of it. Its answer is not counted. */
export class ReplicaContractError extends EvenkeelError {
  readonly breach: ContractBreach;
  // Behind a getter, so that printing the error does not print what may be nobody's business.
  readonly #key: string;

  constructor(breach: ContractBreach, key: string) {
    super('EVENKEEL_REPLICA_CONTRACT', `a replica has broken the contract of a register: ${breach}`);
    this.breach = breach;
    this.#key = key;
  }

  override get name(): string {
    return 'ReplicaContractError';
  }

  /** Under which it did so. */
  get key(): string {
    return this.#key;
  }
}

/** Whether `error` is a {@link ReplicaContractError}. */
export function isReplicaContractError(error: unknown): error is ReplicaContractError {
  return hasCode(error, 'EVENKEEL_REPLICA_CONTRACT');
}

const LAST = Number.MAX_SAFE_INTEGER;

export class Contract<R> {
  /** Of each key, the highest tag that each replica is known to have had. */
  readonly #floors: BoundedMap<string, Map<R, Tag>>;

  constructor(where: string, maxTrackedKeys: number) {
    this.#floors = new BoundedMap(where, { maxEntries: maxTrackedKeys });
  }

  /** What an answer to a question that is asked now must not fall below. */
  floorOf(key: string, replica: R): Tag | undefined {
    return this.#floors.get(key)?.get(replica);
  }

  /** The replica is known to have this tag, or a higher one. */
  has(key: string, replica: R, tag: Tag): void {
    let floors = this.#floors.get(key);
    if (floors === undefined) this.#floors.set(key, (floors = new Map()));
    const floor = floors.get(replica);
    if (floor === undefined || compareTags(tag, floor) > 0) floors.set(replica, tag);
  }

  /** Forgets replicas that are no members any more: they may come back with another disk. */
  keepOnly(replicas: ReadonlySet<R>): void {
    for (const [, floors] of this.#floors.entries()) {
      for (const replica of floors.keys()) if (!replicas.has(replica)) floors.delete(replica);
    }
  }

  /** @throws {@link ReplicaContractError} for an answer that cannot be right */
  checked<V>(
    key: string,
    replica: R,
    floor: Tag | undefined,
    answer: Versioned<V> | null | undefined,
  ): Versioned<V> | undefined {
    if (answer === undefined || answer === null) {
      if (floor !== undefined) throw new ReplicaContractError('went-back', key);
      return undefined;
    }
    // After the highest counter there is no next: whoever made it meant harm, or is broken.
    if (typeof answer !== 'object' || !isTag(answer.tag) || answer.tag.counter >= LAST)
      throw new ReplicaContractError('no-tag', key);
    if (floor !== undefined && compareTags(answer.tag, floor) < 0) {
      throw new ReplicaContractError('went-back', key);
    }
    this.has(key, replica, answer.tag);
    return answer;
  }
}

/** Whether two that have one tag have one content, as they must. */
export function sameContent<V>(a: Versioned<V>, b: Versioned<V>): boolean {
  if (a.deleted === true || b.deleted === true) return a.deleted === b.deleted;
  return Object.is(a.value, b.value) || canonicalText(a.value) === canonicalText(b.value);
}

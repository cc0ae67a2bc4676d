import { checkCount, checkFunction, checkText } from '../core/options.ts';
import type { CallContext } from '../core/transport.ts';
import { Call } from '../core/call.ts';
import { Context } from '../core/context.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { compareTags, type Tag, type Versioned } from '../quorum/versions/tag.ts';
import { canonicalText } from '../structures/canonical-text.ts';

export interface ReplicaContractOptions<R, V> {
  /** One replica, as it is handed to `quorumRegister`. */
  readonly replica: R;
  /** The register's own `read`. */
  readonly read: (replica: R, key: string, context: CallContext) => Promise<Versioned<V> | null | undefined>;
  /** The register's own `write`. */
  readonly write: (
    replica: R,
    key: string,
    versioned: Versioned<V>,
    context: CallContext,
  ) => Promise<unknown>;
  /** Makes a value out of a number: different ones for different numbers, and like those you store. */
  readonly value: (n: number) => V;
  /** What the keys it uses begin with; they must be free, and are left behind. @defaultValue 'contract-' */
  readonly prefix?: string;
  /** How many writes at once try its atomicity. @defaultValue 50 */
  readonly concurrency?: number;
  readonly clock?: Clock;
}

/** A rule that a replica breaks. */
export interface BrokenRule {
  readonly rule: string;
  /** What it had instead, or what it threw. */
  readonly detail: string;
}

/**
 * Tries whether a store may be a replica of a `quorumRegister`: whether it stores exactly what is newer, keeps
 * tombstones, gives back what it got, and does not mix up writes that come at once. For your own tests, against
 * the store that you run.
 *
 * What it cannot try: that nothing acknowledged is forgotten when the store crashes. Look at how it syncs its disk.
 *
 * @returns the rules that are broken; an empty list if none is
 * @throws `OptionError` for an option that is not what it has to be
 * @example
 * ```ts
 * import type { Versioned } from 'evenkeel';
 * import { checkReplicaContract } from 'evenkeel/testing';
 * const blind = new Map<string, Versioned<string>>();
 * const broken = await checkReplicaContract({
 *   replica: blind,
 *   read: async (rows, key) => rows.get(key),
 *   write: async (rows, key, versioned) => rows.set(key, versioned), // whatever comes last
 *   value: (n) => `value ${n}`,
 * });
 * if (broken[0]?.rule !== 'an older write changes nothing') throw new Error('not seen');
 * ```
 */
export async function checkReplicaContract<R, V>(
  options: ReplicaContractOptions<R, V>,
): Promise<readonly BrokenRule[]> {
  const where = 'checkReplicaContract';
  checkFunction(where, 'read', options.read);
  checkFunction(where, 'write', options.write);
  checkFunction(where, 'value', options.value);
  checkCount(where, 'concurrency', options.concurrency ?? 50);
  checkText(where, 'prefix', options.prefix ?? 'contract-');
  const trial = new Trial(options);
  const broken: BrokenRule[] = [];
  for (const [rule, run] of RULES) {
    const detail = await run(trial as never).catch((error: unknown) => `threw ${String(error)}`);
    if (detail !== undefined) broken.push({ rule, detail });
  }
  return broken;
}

/** What is wrong, or nothing. */
type Finding = Promise<string | undefined>;

const low: Tag = { counter: 1, writer: 'a.1' };
const middle: Tag = { counter: 2, writer: 'm.1' };
const high: Tag = { counter: 3, writer: 'a.1' };

const RULES: readonly [rule: string, run: (trial: Trial<unknown, unknown>) => Finding][] = [
  ['what was never written is not there', (trial) => trial.has('absent', undefined)],
  ['a first write is stored, value and tag', (trial) => trial.after('first', [middle], middle)],
  ['a newer write replaces an older one', (trial) => trial.after('newer', [low, middle], middle)],
  ['an older write changes nothing', (trial) => trial.after('older', [high, middle], high)],
  ['the same write twice is one', (trial) => trial.after('twice', [middle, middle], middle)],
  [
    'of equal counters the higher writer wins',
    async (trial) => {
      const [one, other] = [middle, { ...middle, writer: 'z.1' }];
      return (await trial.after('tie', [one, other], other)) ?? trial.after('tie back', [other, one], other);
    },
  ],
  [
    'counters are compared as numbers',
    async (trial) => {
      for (const counter of [10, 100, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
        const [less, more] = [counter - 1, counter].map((n) => ({ counter: n, writer: 'a.1' })) as [Tag, Tag];
        const finding =
          (await trial.after(`up to ${counter}`, [less, more], more)) ??
          (await trial.after(`down from ${counter}`, [more, less], more));
        if (finding !== undefined) return finding;
      }
      return undefined;
    },
  ],
  ['a tombstone is kept, and keeps older writes out', (trial) => trial.buries('tombstone')],
  ['keys do not touch', (trial) => trial.keepsApart('one', 'other')],
  ['of writes that come at once the newest stays', (trial) => trial.atOnce('at once')],
];

class Trial<R, V> {
  readonly #options: ReplicaContractOptions<R, V>;

  constructor(options: ReplicaContractOptions<R, V>) {
    this.#options = options;
  }

  /** Whether it has exactly this. */
  async has(key: string, expected: Versioned<V> | undefined): Finding {
    const { replica, read, prefix = 'contract-' } = this.#options;
    const said = (await read(replica, prefix + key, this.#context())) ?? undefined;
    if (same(said, expected)) return undefined;
    return `had ${show(said)} where ${show(expected)} should be`;
  }

  /** Whether it has the one after it was sent all of these, in this order. */
  async after(key: string, tags: readonly Tag[], expected: Tag): Finding {
    for (const tag of tags) await this.#put(key, this.#versioned(tag));
    return this.has(key, this.#versioned(expected));
  }

  async buries(key: string): Finding {
    const grave: Versioned<V> = { tag: high, deleted: true };
    await this.#put(key, this.#versioned(low));
    await this.#put(key, grave);
    await this.#put(key, this.#versioned(middle));
    return this.has(key, grave);
  }

  async keepsApart(one: string, other: string): Finding {
    await this.#put(one, this.#versioned(high));
    await this.#put(other, this.#versioned(low));
    return (await this.has(one, this.#versioned(high))) ?? this.has(other, this.#versioned(low));
  }

  async atOnce(key: string): Finding {
    const { concurrency = 50 } = this.#options;
    for (let round = 0; round < 5; round++) {
      // Each step of 7 is a new number as long as their count is no multiple of 7.
      const count = concurrency % 7 === 0 ? concurrency + 1 : concurrency;
      const tags = Array.from({ length: count }, (_, n) => ({
        counter: 1 + ((7 * n) % count),
        writer: `a.${n}`,
      }));
      const newest = tags.reduce((a, b) => (compareTags(a, b) > 0 ? a : b));
      await Promise.all(tags.map((tag) => this.#put(`${key} ${round}`, this.#versioned(tag))));
      const finding = await this.has(`${key} ${round}`, this.#versioned(newest));
      if (finding !== undefined) return finding;
    }
    return undefined;
  }

  /** One for each call, as a register hands them in. */
  #context(): Context {
    const { clock = systemClock, replica } = this.#options;
    return new Context(new Call(clock, undefined), undefined, 1, replica);
  }

  #put(key: string, versioned: Versioned<V>): Promise<unknown> {
    const { replica, write, prefix = 'contract-' } = this.#options;
    return write(replica, prefix + key, versioned, this.#context());
  }

  #versioned(tag: Tag): Versioned<V> {
    return { tag, value: this.#options.value(tag.counter) };
  }
}

function same<V>(a: Versioned<V> | undefined, b: Versioned<V> | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const alike = canonicalText(a.value) === canonicalText(b.value);
  return compareTags(a.tag, b.tag) === 0 && (a.deleted === true) === (b.deleted === true) && alike;
}

function show(versioned: Versioned<unknown> | undefined): string {
  if (versioned === undefined) return 'nothing';
  const { counter, writer } = versioned.tag;
  return `${versioned.deleted === true ? 'a tombstone' : 'a value'} of ${counter}:${writer}`;
}

import { systemClock } from '../../core/clock.ts';
import type { Context } from '../../core/context.ts';
import { OptionError } from '../../core/errors.ts';
import {
  checkDuration,
  checkFunction,
  checkInterval,
  checkOneOf,
  checkPort,
  checkText,
} from '../../core/options.ts';
import { invoke, transportOf } from '../../core/policy.ts';
import { systemRandom } from '../../core/random.ts';
import type { CallOptions } from '../../core/transport.ts';
import { isTag, isWriter, type Tag } from '../versions/tag.ts';
import { isRegisterWriteError, notApplied, type Unfinished } from './errors.ts';
import { Lanes } from './lanes.ts';
import type { Members } from './members.ts';
import { configurationOf, Membership } from './membership.ts';
import type {
  QuorumRegister,
  QuorumRegisterOptions,
  QuorumRegisterSnapshot,
  ReconfigureOptions,
  RegisterRead,
  RegisterWrite,
} from './options.ts';
import { Protocol, type Settings } from './register.ts';

const WHERE = 'quorumRegister';

/**
 * Makes a register on several replicas: as long as a majority of them answers, whichever, reads and writes go on,
 * and with `consistency: 'linearizable'` they are right, whatever the network does to messages.
 *
 * It stands on what the replicas do: each has to put a value only if its tag is newer than what it has, keep
 * tombstones, and not forget. `checkReplicaContract` tests that. Replicas may be slow, cut off, or dead; against
 * ones that lie take {@link agree}. A write that failed may still happen: see {@link RegisterWriteError}. Not for
 * counters and other read-modify-write that several processes do at once.
 *
 * @throws {@link OptionError} for an option that is not what it has to be, and for a quorum by which a read might
 * miss a write
 * @example
 * ```ts
 * import { compareTags, quorumRegister, type Versioned } from 'evenkeel';
 * const store = () => {
 *   const rows = new Map<string, Versioned<string>>();
 *   return {
 *     get: async (key: string) => rows.get(key),
 *     putIfNewer: async (key: string, versioned: Versioned<string>) => {
 *       const row = rows.get(key);
 *       if (row === undefined || compareTags(versioned.tag, row.tag) > 0) rows.set(key, versioned);
 *     },
 *   };
 * };
 * const register = quorumRegister({
 *   replicas: [store(), store(), store()],
 *   read: (replica, key) => replica.get(key),
 *   write: (replica, key, versioned) => replica.putIfNewer(key, versioned),
 *   consistency: 'linearizable',
 * });
 * await register.write('leader', 'n1');
 * if ((await register.read('leader')) !== 'n1') throw new Error('lost');
 * await register.delete('leader');
 * if ((await register.read('leader')) !== undefined) throw new Error('still there');
 * ```
 */
export function quorumRegister<R, V>(options: QuorumRegisterOptions<R, V>): QuorumRegister<R, V> {
  return new Register(options);
}

/** What an update has read, and what it is to write. */
interface Prepared<V> {
  readonly next: V | undefined;
  readonly tag: Tag | undefined;
}

/** What is asked of a register; one door for all. `untilMs` is when it has to be done. */
type Operation<T> = (context: Context, untilMs: number) => Promise<T>;

class Register<R, V> implements QuorumRegister<R, V> {
  readonly #settings: Settings<R, V>;
  readonly #membership: Membership<R>;
  readonly #protocol: Protocol<R, V>;
  readonly #lanes: Lanes;

  constructor(options: QuorumRegisterOptions<R, V>) {
    this.#settings = checked(options);
    this.#membership = new Membership(configurationOf(options.replicas, options.quorum));
    this.#protocol = new Protocol(this.#settings);
    this.#lanes = new Lanes(WHERE, 'maxWaitingUpdates', options.maxWaitingUpdates ?? 1_000);
  }

  read(key: string, call?: CallOptions): Promise<V | undefined> {
    return this.lookup(key, call).then(({ value }) => value);
  }

  lookup(key: string, call?: CallOptions): Promise<RegisterRead<R, V>> {
    return this.#run(key, call, (members, context, untilMs) =>
      this.#protocol.lookup(key, members, context, untilMs),
    );
  }

  write(key: string, value: Exclude<V, undefined>, call?: CallOptions): Promise<RegisterWrite<R>> {
    return this.#run(key, call, (members, context, untilMs) => {
      if (value !== undefined) return this.#protocol.write(key, { value }, members, context, untilMs);
      throw new OptionError(WHERE, 'value', value, 'anything but undefined; to delete it call delete()');
    });
  }

  delete(key: string, call?: CallOptions): Promise<RegisterWrite<R>> {
    return this.#run(key, call, (members, context, untilMs) =>
      this.#protocol.write(key, { deleted: true }, members, context, untilMs),
    );
  }

  update(
    key: string,
    change: (value: V | undefined) => V | undefined | Promise<V | undefined>,
    call?: CallOptions,
  ): Promise<RegisterWrite<R>> {
    return this.#enter(call, async (context, untilMs) => {
      checkText(WHERE, 'key', key);
      checkFunction(WHERE, 'change', change);
      const alone = (): Promise<RegisterWrite<R>> =>
        this.#membership.during(key, async (members) => {
          const prepare = async (_: unknown, inner: Context): Promise<Prepared<V>> => {
            const { value, tag } = await this.#protocol.lookup(key, members, inner, untilMs);
            return { next: await change(value), tag };
          };
          const { next, tag } = await this.#within(untilMs, prepare, context);
          if (context.scope?.aborted === true) throw context.scope.reason;
          const content = next === undefined ? ({ deleted: true } as const) : { value: next };
          return this.#protocol.write(key, content, members, context, untilMs, { tag });
        });
      return this.#lanes.run(key, alone, context);
    });
  }

  retry(failed: Unfinished<V> | Error, call?: CallOptions): Promise<RegisterWrite<R>> {
    const unfinished = isRegisterWriteError(failed) ? failed.unfinished : failed;
    const { key, versioned } = (unfinished ?? {}) as Partial<Unfinished<V>>;
    return this.#enter(call, (context, untilMs) => {
      if (key === undefined || versioned === undefined || !isTag(versioned.tag)) {
        throw new OptionError(WHERE, 'failed', failed, 'the error of a write that may have happened');
      }
      return this.#membership.during(key, (members) =>
        this.#protocol.put(key, versioned, members, context, untilMs),
      );
    });
  }

  reconfigure(options: ReconfigureOptions<R>, call?: CallOptions): Promise<{ readonly copied: number }> {
    const run = async (_: unknown, context: Context): Promise<{ readonly copied: number }> => {
      const { replicas, quorum, keys, together = nobodyElse } = options;
      checkFunction(WHERE, 'together', together);
      const next = configurationOf(replicas, quorum);
      const copied = await this.#membership.change(next, () => this.#copy(keys, context), together);
      if (typeof replicas !== 'function') this.#protocol.keepOnly(new Set(replicas));
      return { copied };
    };
    return transportOf(invoke, run, this.#settings.clock)(undefined, call);
  }

  snapshot(): QuorumRegisterSnapshot {
    const { writer, counter, counts } = this.#protocol;
    const { state, inFlight } = this.#membership;
    return { writer, counter, membership: state, inFlight, updating: this.#lanes.busy, ...counts };
  }

  #run<T>(
    key: string,
    call: CallOptions | undefined,
    operation: (members: Members<R>, context: Context, untilMs: number) => Promise<T>,
  ): Promise<T> {
    return this.#enter(call, (context, untilMs) => {
      checkText(WHERE, 'key', key);
      return this.#membership.during(key, (members) => operation(members, context, untilMs));
    });
  }

  /** The limit is kept here and not by the door: the error of a write has to say what it may have done. */
  #enter<T>(call: CallOptions | undefined, operation: Operation<T>): Promise<T> {
    try {
      const { clock, timeoutMs } = this.#settings;
      const said = call?.timeoutMs;
      const limitMs =
        said === undefined ? timeoutMs : Math.min(timeoutMs, checkDuration(WHERE, 'timeoutMs', said));
      const quiet = said === undefined ? call : { ...call, timeoutMs: undefined };
      const untilMs = limitMs === Infinity ? Infinity : clock.now() + limitMs;
      const run = (_: unknown, context: Context): Promise<T> => operation(context, untilMs);
      return transportOf(invoke, run, clock)(undefined, quiet);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What comes before anything is written: it has all the time there is, and no more. */
  #within<T>(
    untilMs: number,
    run: (_: unknown, context: Context) => Promise<T>,
    context: Context,
  ): Promise<T> {
    const { clock } = this.#settings;
    const limit = { ms: Math.max(0, untilMs - clock.now()) };
    return transportOf(
      invoke,
      run,
      clock,
      limit,
    )(undefined, context).catch((error: unknown) => {
      throw notApplied(error);
    });
  }

  /** Copies each key to where it is going to be asked for, so many at a time. */
  async #copy(keys: Iterable<string> | AsyncIterable<string>, context: Context): Promise<number> {
    const { maxConcurrent = 16, timeoutMs, clock } = this.#settings;
    const list = each(keys);
    let copied = 0;
    const worker = async (): Promise<void> => {
      for (let next = await list.next(); next.done !== true; next = await list.next()) {
        const key = checkText(WHERE, 'keys', next.value);
        await this.#membership.during(key, (members) =>
          this.#protocol.settle(key, members, context, clock.now() + timeoutMs),
        );
        copied++;
      }
    };
    try {
      await Promise.all(Array.from({ length: maxConcurrent }, worker));
      return copied;
    } finally {
      await list.return(undefined);
    }
  }
}

async function* each<T>(list: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* list;
}

async function nobodyElse(): Promise<void> {}

function checked<R, V>(options: QuorumRegisterOptions<R, V>): Settings<R, V> {
  const { repair = 'background', writer, hints, random = systemRandom, clock = systemClock } = options;
  checkFunction(WHERE, 'read', options.read);
  checkFunction(WHERE, 'write', options.write);
  checkOneOf(WHERE, 'consistency', options.consistency, ['linearizable', 'regular']);
  checkOneOf(WHERE, 'repair', repair, ['background', 'none']);
  if (hints !== undefined) checkPort(WHERE, 'hints', hints, 'of');
  if (writer !== undefined && !(isWriter(writer) && writer.length <= MAX_WRITER)) {
    throw new OptionError(WHERE, 'writer', writer, `up to ${MAX_WRITER} letters, digits, '.', '_' or '-'`);
  }
  return {
    ...options,
    clock: checkPort(WHERE, 'clock', clock, 'setTimeout'),
    random: checkFunction(WHERE, 'random', random),
    replicaTimeoutMs: checkInterval(WHERE, 'replicaTimeoutMs', options.replicaTimeoutMs ?? 5_000),
    timeoutMs: checkInterval(WHERE, 'timeoutMs', options.timeoutMs ?? 10_000),
  };
}

/** The name, and what is added to it, have to make a tag. */
const MAX_WRITER = 100;

import { checkFunction, checkInterval } from '../../core/options.ts';
import { neverLeft } from '../../core/repeat.ts';
import { EvenkeelError, isTimeoutError } from '../../core/errors.ts';
import type { CallContext } from '../../core/transport.ts';
import { nameOf, newId } from '../names.ts';
import type { MissedWrites } from '../write.ts';
import { Courier } from './courier.ts';
import { commonSettings, type LaterOptions } from './options.ts';

export interface HintedHandoffOptions<R, T> extends LaterOptions<T> {
  /** Writes to the replica what it has missed; it has to store only what is newer than what it has. */
  readonly write: (replica: R, missed: T, context: CallContext) => Promise<unknown>;
  /** The replica by the name that {@link HintedHandoffOptions.nameOf} gave it; `undefined` if it is gone for good. */
  readonly replicaOf: (name: string) => R | undefined;
  /** A replica's name, the same after a restart. @defaultValue the replica as a text */
  readonly nameOf?: (replica: R) => string;
  /**
   * Whether a replica that failed so should get the write later. @defaultValue all but those that refused it: whose
   * error says `outcome: 'not-applied'` and is no failure to connect
   */
  readonly hintable?: (error: unknown) => boolean;
  /**
   * Milliseconds after which a hint is too old. Keep tombstones longer than that, or what was deleted comes back.
   * @defaultValue 10_800_000, three hours
   */
  readonly maxAgeMs?: number;
}

export interface HintedHandoffSnapshot {
  /** Hints that wait. */
  readonly waiting: number;
  readonly delivered: number;
  readonly failedAttempts: number;
  /** Too old, or for a replica that is gone. */
  readonly givenUp: number;
  /** Not kept, because too many wait or the store failed: read repair has to do it. */
  readonly dropped: number;
}

/** Gives replicas later what they have missed; made by {@link hintedHandoff}. */
export interface HintedHandoff<R, T> {
  /** For `hints` of a `quorumWrite` of this payload; a `quorumRegister` takes the whole as its `hints`. */
  of(missed: T): MissedWrites<R>;
  /** Takes up what a process before this one has left in the store; the first hint does so too. */
  start(): Promise<void>;
  /** Tries everything now, without waiting any longer: a replica is back. */
  hurry(): void;
  empty(): Promise<void>;
  snapshot(): HintedHandoffSnapshot;
  [Symbol.dispose](): void;
}

/**
 * Makes a hinted handoff (Dynamo §4.6, SOSP 2007): a write that a replica has missed is kept, and brought to it when
 * it answers again, each replica's hints in their order.
 *
 * A hint does not count as an acknowledgement. Hints are bounded and may be lost, so they only shorten the time in
 * which replicas differ. Not where a late write does harm.
 *
 * @throws `OptionError` for an option out of its range
 * @example
 * ```ts
 * import { hintedHandoff, quorumWrite } from 'evenkeel';
 * const disks = new Map([['a', new Set<string>()], ['b', new Set<string>()], ['c', new Set<string>()]]);
 * let down = 'c';
 * const write = async (name: string, row: string) => {
 *   if (name === down) throw new Error('down');
 *   disks.get(name)?.add(row);
 * };
 * const handoff = hintedHandoff<string, string>({ write, replicaOf: (name) => name, baseDelayMs: 5 });
 * await quorumWrite({
 *   replicas: ['a', 'b', 'c'],
 *   required: 2,
 *   write: (name) => write(name, 'row'),
 *   hints: handoff.of('row'),
 * });
 * down = '';
 * await handoff.empty();
 * if (disks.get('c')?.has('row') !== true) throw new Error('not handed over');
 * ```
 */
export function hintedHandoff<R, T>(options: HintedHandoffOptions<R, T>): HintedHandoff<R, T> {
  const where = 'hintedHandoff';
  const { write, replicaOf, nameOf: replicaName = String, hintable = mayHaveBeenDown } = options;
  checkFunction(where, 'write', write);
  checkFunction(where, 'replicaOf', replicaOf);
  checkFunction(where, 'nameOf', replicaName);
  checkFunction(where, 'hintable', hintable);
  const maxAgeMs = checkInterval(where, 'maxAgeMs', options.maxAgeMs ?? 10_800_000);
  const settings = commonSettings(where, options);
  const { random, wallClock, reporter } = settings;
  const isGone = (lane: string, addedMs: number): boolean =>
    replicaOf(lane) === undefined || wallClock() - addedMs > maxAgeMs;
  const courier = new Courier<T>(where, {
    ...settings,
    deliver: async ({ lane, payload, addedMs }, context) => {
      if (!isGone(lane, addedMs)) await write(replicaOf(lane) as R, payload, context);
      else throw new GoneError();
    },
    giveUp: ({ lane, addedMs }) => isGone(lane, addedMs),
  });
  let dropped = 0;
  const keep = async (replica: R, missed: T): Promise<void> => {
    try {
      const lane = replicaName(replica);
      await courier.add({ id: newId(random), lane, payload: missed, addedMs: wallClock() });
    } catch (error) {
      dropped++;
      if (reporter.on) reporter.tell('hint-dropped', { reason: nameOf(error) });
    }
  };
  return {
    of: (missed) => ({
      missed: (replica, error) => {
        if (isHintable(hintable, error)) void keep(replica, missed);
      },
    }),
    start: () => courier.load(),
    hurry: () => courier.hurry(),
    empty: () => courier.empty(),
    snapshot: () => ({ waiting: courier.waiting, ...courier.counts, dropped }),
    [Symbol.dispose]: () => courier.stop(),
  };
}

function isHintable(hintable: (error: unknown) => boolean, error: unknown): boolean {
  try {
    return hintable(error);
  } catch {
    return false;
  }
}

/** Never seen by anybody: it says that there is nothing to deliver any more. */
class GoneError extends EvenkeelError {
  constructor() {
    super('EVENKEEL_HINT_GONE', 'the hint is too old, or its replica is gone');
  }
}

/** What a replica has refused it will refuse again; what it could not be asked it may take later. */
function mayHaveBeenDown(error: unknown): boolean {
  if (neverLeft(error) || isTimeoutError(error)) return true;
  return (error as { outcome?: unknown } | null | undefined)?.outcome !== 'not-applied';
}

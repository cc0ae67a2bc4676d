import { checkFunction } from '../../core/options.ts';
import type { CallContext } from '../../core/transport.ts';
import { newId } from '../names.ts';
import { Courier } from './courier.ts';
import { commonSettings, type LaterOptions } from './options.ts';
import type { Waiting } from './store.ts';

export interface OutboxOptions<T> extends LaterOptions<T> {
  /**
   * Sends one write; its promise has to mean that the other side has it. The context's `idempotencyKey` is the same
   * on every attempt, and after a restart: the other side has to do a write with a key that it knows no second time.
   */
  readonly send: (write: T, context: CallContext & { readonly idempotencyKey: string }) => Promise<unknown>;
  /** Writes with the same key are sent one after the other, in their order. @defaultValue all in one order */
  readonly keyOf?: (write: T) => string;
  /**
   * Whether to give a write up that has failed, so that those behind it go on: for instance if the other side has
   * refused it for good. Given up is lost: keep it elsewhere, here. @defaultValue never
   */
  readonly giveUp?: (write: T, error: unknown, attempts: number) => boolean;
}

export interface OutboxSnapshot {
  /** Writes that are accepted and not delivered. */
  readonly waiting: number;
  readonly delivered: number;
  readonly failedAttempts: number;
  readonly givenUp: number;
}

/** Writes that are delivered once the other side can be reached; made by {@link outbox}. */
export interface Outbox<T> {
  /**
   * Accepts a write: resolves when the store has it, with its idempotency key, not when it is delivered.
   *
   * @throws {@link StoreFullError} if too many wait
   */
  add(write: T): Promise<string>;
  /** Takes up what a process before this one has left in the store; `add` does so too. */
  start(): Promise<void>;
  /** Tries everything now, without waiting any longer: the network is back. */
  hurry(): void;
  /** Resolves when nothing waits any more. */
  empty(): Promise<void>;
  snapshot(): OutboxSnapshot;
  /** Begins no delivery any more; what waits stays in the store. */
  [Symbol.dispose](): void;
}

/**
 * Makes an outbox: writes are accepted at once and delivered when it can be done, each at least once and with one
 * idempotency key, those of one key in their order. An hour offline is an hour of waiting, and nothing else.
 *
 * It bounds how many wait, not how long. With the store in memory a crash loses what waits: hand in a durable one.
 * Not for writes whose result is needed.
 *
 * @throws `OptionError` for an option out of its range
 * @example
 * ```ts
 * import { outbox } from 'evenkeel';
 * const received = new Map<string, string>(); // by idempotency key, as the other side has to know them
 * let offline = true;
 * const box = outbox<string>({
 *   send: async (write, { idempotencyKey }) => {
 *     if (offline) throw new Error('offline');
 *     received.set(idempotencyKey, write);
 *   },
 * });
 * await box.add('first');
 * await box.add('second');
 * offline = false;
 * box.hurry();
 * await box.empty();
 * if ([...received.values()].join() !== 'first,second') throw new Error('lost, doubled or out of order');
 * ```
 */
export function outbox<T>(options: OutboxOptions<T>): Outbox<T> {
  const { send, keyOf = () => '', giveUp = () => false } = options;
  checkFunction('outbox', 'send', send);
  checkFunction('outbox', 'keyOf', keyOf);
  checkFunction('outbox', 'giveUp', giveUp);
  const settings = commonSettings('outbox', options);
  const { random, wallClock } = settings;
  const courier = new Courier<T>('outbox', {
    ...settings,
    deliver: ({ payload, id }, context) => send(payload, Object.assign(context, { idempotencyKey: id })),
    giveUp: ({ payload }, error, attempts) => giveUp(payload, error, attempts),
  });
  return {
    add: async (write) => {
      const entry: Waiting<T> = {
        id: newId(random),
        lane: keyOf(write),
        payload: write,
        addedMs: wallClock(),
      };
      await courier.add(entry);
      return entry.id;
    },
    start: () => courier.load(),
    hurry: () => courier.hurry(),
    empty: () => courier.empty(),
    snapshot: () => ({ waiting: courier.waiting, ...courier.counts }),
    [Symbol.dispose]: () => courier.stop(),
  };
}

import { type Clock, systemClock } from '../core/clock.ts';
import { EvenkeelError, hasCode } from '../core/errors.ts';
import { checkDuration, checkNumber } from '../core/options.ts';
import { invoke, type Policy, policyOf } from '../core/policy.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { sleep } from '../core/wait.ts';

export interface InjectOptions {
  /** The share of calls that fail instead of being sent, from 0 to 1. @defaultValue 0 */
  readonly failRate?: number;
  /** Milliseconds by which every call is delayed. @defaultValue 0 */
  readonly delayMs?: number;
  /** What failing calls reject with. @defaultValue an {@link InjectedError} */
  readonly error?: unknown;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A failure that a test asked for. */
export class InjectedError extends EvenkeelError {
  constructor() {
    super('EVENKEEL_INJECTED', 'a fault was injected');
  }

  override get name(): string {
    return 'InjectedError';
  }
}

/** Whether `error` is an {@link InjectedError}. */
export function isInjectedError(error: unknown): error is InjectedError {
  return hasCode(error, 'EVENKEEL_INJECTED');
}

/**
 * A layer of faults: delays calls and fails a share of them, to see what the layers around it make of it.
 *
 * @throws `OptionError` for a rate outside 0 to 1, or a negative delay
 * @example
 * ```ts
 * import { pipe } from 'evenkeel';
 * import { inject, isInjectedError } from 'evenkeel/testing';
 * const call = pipe(async (n: number) => n, inject({ failRate: 1 }));
 * if (!isInjectedError(await call(1).catch((error: unknown) => error))) throw new Error('it should fail');
 * ```
 */
export function inject(options: InjectOptions): Policy {
  const failRate = checkNumber('inject', 'failRate', options.failRate ?? 0, 0, 1);
  const delayMs = checkDuration('inject', 'delayMs', options.delayMs ?? 0);
  const random = options.random ?? systemRandom;
  return policyOf(async (next, request, context) => {
    if (delayMs > 0) await sleep(delayMs, context);
    if (random() < failRate) throw options.error ?? new InjectedError();
    return invoke(next, request, context);
  }, options.clock ?? systemClock);
}

import { EvenkeelError } from '../core/errors.ts';
import { checkOneOf } from '../core/options.ts';
import type { CallOptions, Transport } from '../core/transport.ts';

/** One call that a fake transport has received and not yet answered. */
export interface FakeCall<Q, S> {
  readonly request: Q;
  /** What the layer around it handed in: the attempt's context. */
  readonly options: CallOptions | undefined;
  resolve(response: S): void;
  reject(error: unknown): void;
}

export interface FakeTransportOptions<Q, S> {
  /** One answer per call, in order: a value to resolve with, or an `Error` to reject with. */
  readonly script?: readonly (S | Error)[];
  /** Answers by rule: what it returns or throws, for each call that no script is left for. */
  readonly answer?: (request: Q, options: CallOptions | undefined) => S | Promise<S>;
  /**
   * Whether a call that waits for its answer rejects when its signal aborts, as a good transport does, or hangs
   * on, as a bad one. @defaultValue 'obey'
   */
  readonly aborts?: 'obey' | 'ignore';
}

/** A transport under the test's hand. */
export interface FakeTransport<Q, S> {
  (request: Q, options?: CallOptions): Promise<S>;
  /** Takes the oldest call that waits for an answer. @throws `EvenkeelError` if none waits */
  next(): FakeCall<Q, S>;
  /** Every request so far. */
  readonly requests: readonly Q[];
  /** How many calls wait for an answer. */
  readonly waiting: number;
}

/**
 * A transport for tests, answered by hand (`next()`), by script, or by rule.
 *
 * @example
 * ```ts
 * import { pipe, retry } from 'evenkeel';
 * import { fakeTransport } from 'evenkeel/testing';
 * const wire = fakeTransport<string, number>({ script: [new Error('boom'), 42] });
 * const answer = await pipe(wire, retry({ maxAttempts: 2, baseDelayMs: 1 }))('ping');
 * if (answer !== 42 || wire.requests.length !== 2) throw new Error('not retried');
 * ```
 */
export function fakeTransport<Q = unknown, S = unknown>(
  options: FakeTransportOptions<Q, S> = {},
): FakeTransport<Q, S> {
  const aborts = checkOneOf('fakeTransport', 'aborts', options.aborts ?? 'obey', ['obey', 'ignore']);
  const script = [...(options.script ?? [])];
  const requests: Q[] = [];
  const waiting = new Set<FakeCall<Q, S>>();

  const transport: Transport<Q, S> = (request, callOptions) => {
    requests.push(request);
    // By length, for undefined is an answer too.
    if (script.length > 0) {
      const scripted = script.shift() as S | Error;
      return scripted instanceof Error ? Promise.reject(scripted) : Promise.resolve(scripted);
    }
    if (options.answer !== undefined) {
      const { answer } = options;
      return (async () => answer(request, callOptions))();
    }
    return new Promise((resolve, reject) => {
      const signal = aborts === 'obey' ? callOptions?.signal : undefined;
      const leave = (): void => {
        waiting.delete(call);
        reject(signal?.reason);
      };
      const over = (): void => signal?.removeEventListener('abort', leave);
      const call: FakeCall<Q, S> = {
        request,
        options: callOptions,
        resolve(response) {
          over();
          resolve(response);
        },
        reject(error) {
          over();
          reject(error);
        },
      };
      if (signal?.aborted === true) {
        leave();
        return;
      }
      waiting.add(call);
      signal?.addEventListener('abort', leave, { once: true });
    });
  };

  return Object.defineProperties(transport, {
    next: {
      value: () => {
        for (const call of waiting) {
          waiting.delete(call);
          return call;
        }
        throw new EvenkeelError('EVENKEEL_TESTING', 'fakeTransport: no call waits for an answer');
      },
    },
    requests: { get: () => requests },
    waiting: { get: () => waiting.size },
  }) as FakeTransport<Q, S>;
}

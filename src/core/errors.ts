/**
 * Errors carry a stable `code`, the facts as fields, and a brand that survives two copies of the package.
 *
 * Each room defines the errors it throws beside the code that throws them; here live the base class, the two
 * errors every room shares, and the one function all guards are made of.
 */

const BRAND: unique symbol = Symbol.for('evenkeel.error') as never;

/**
 * The base of every error that evenkeel itself throws. Errors of your own functions pass through untouched.
 *
 * Branch on `code`, or on the guard that belongs to an error (`isTimeoutError`, …), never on the message.
 */
export class EvenkeelError extends Error {
  /** Stable across versions, for instance `'EVENKEEL_TIMEOUT'`. */
  readonly code: string;

  /** @param options - the `cause`, if there is one */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  override get name(): string {
    return 'EvenkeelError';
  }

  /** @internal */
  get [BRAND](): boolean {
    return true;
  }
}

/**
 * The base of the errors by which a guard refuses a call that it has not sent. They have no stack: they are made by the
 * thousand just when there is no time for it, a stack costs eight times what all the rest does (3.3 against 0.4 µs), and
 * it would only lead to the guard.
 */
export class RefusedError extends EvenkeelError {
  constructor(code: string, message: string) {
    const { stackTraceLimit } = Error as { readonly stackTraceLimit?: number };
    limitStacks(stackTraceLimit && 0);
    super(code, message);
    limitStacks(stackTraceLimit);
  }
}

/** Does nothing on a platform that has no such limit, nor where the program has frozen Error. */
function limitStacks(limit: number | undefined): void {
  try {
    if (limit !== undefined) Error.stackTraceLimit = limit;
  } catch {
    // Then there is a stack, as there was before.
  }
}

/** Whether `error` was made by evenkeel, by this copy of the package or another. */
export function isEvenkeelError(error: unknown): error is EvenkeelError {
  return typeof error === 'object' && error !== null && (error as { [BRAND]?: unknown })[BRAND] === true;
}

/** Whether `error` is evenkeel's error with this code; what every exported guard is made of. */
export function hasCode(error: unknown, code: string): boolean {
  return isEvenkeelError(error) && error.code === code;
}

/** A time limit passed before the call settled. Its `name` is `'TimeoutError'`, as the platform's is. */
export class TimeoutError extends EvenkeelError {
  /** The limit that passed, in milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds by which its timer rang too late: much, if this process itself was held up. */
  readonly lateMs: number;

  constructor(timeoutMs: number, what = 'the call', lateMs = 0) {
    super('EVENKEEL_TIMEOUT', `${what} did not settle within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
    this.lateMs = lateMs;
  }

  override get name(): string {
    return 'TimeoutError';
  }
}

/**
 * Whether `error` says that time ran out: evenkeel's {@link TimeoutError}, or the platform's `DOMException` of
 * that name (the reason of `AbortSignal.timeout`).
 */
export function isTimeoutError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'TimeoutError';
}

/** An option, an argument or what a user's function returned is not what it has to be. */
export class OptionError extends EvenkeelError {
  /** The option's name, for instance `'timeoutMs'`. */
  readonly option: string;
  /** The value it was given. */
  readonly value: unknown;

  constructor(where: string, option: string, value: unknown, allowed: string) {
    super('EVENKEEL_OPTION', `${where}: ${option} must be ${allowed}, got ${show(value)}`);
    this.option = option;
    this.value = value;
  }

  override get name(): string {
    return 'OptionError';
  }
}

/** Whether `error` is an {@link OptionError}. */
export function isOptionError(error: unknown): error is OptionError {
  return hasCode(error, 'EVENKEEL_OPTION');
}

/** Names a bad value in a message, and no more of it than helps: a secret may sit in it (law 13). */
function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`;
  return value instanceof Object ? `a ${typeof value}` : String(value);
}

/**
 * Deadlines between services: how long the caller of our caller still waits, read from one request's headers and
 * written into the next one's, so that nobody works on what nobody waits for.
 *
 * `grpc-timeout` is an integer of at most eight digits and a unit, H M S m u n ("gRPC over HTTP2", Request-Headers);
 * a header by any other name is plain milliseconds.
 */
import { OptionError } from '../core/errors.ts';
import { checkDuration, checkPort } from '../core/options.ts';
import type { CallOptions } from '../core/transport.ts';
import { type HeadersLike, valueOf } from './headers.ts';

export interface DeadlineHeaderOptions {
  /** The name of the header; any but `'grpc-timeout'` holds milliseconds. @defaultValue 'grpc-timeout' */
  readonly header?: string;
}

export interface DeadlineFromOptions extends DeadlineHeaderOptions {
  /** Milliseconds at most, and also where the header is not there or cannot be read; `Infinity` for no limit. */
  readonly maxMs: number;
}

const GRPC = 'grpc-timeout';

/** The units of `grpc-timeout`, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = { n: 1e-6, u: 1e-3, m: 1, S: 1e3, M: 6e4, H: 3.6e6 };

/** From the finest; nanoseconds are finer than any clock here. */
const WRITTEN = ['u', 'm', 'S', 'M', 'H'] as const;
const MOST_DIGITS = 99_999_999;

/**
 * The call options that an inbound request's deadline stands for: hand them to the calls made for it. What cannot be
 * read counts as not there.
 *
 * @throws {@link OptionError} for a `maxMs` below 0 or not a number, or for headers that are none
 * @example
 * ```ts
 * import { deadlineFrom } from 'evenkeel';
 * const { timeoutMs } = deadlineFrom({ 'grpc-timeout': '250m' }, { maxMs: 10_000 });
 * if (timeoutMs !== 250) throw new Error(`${timeoutMs}`);
 * const plain = deadlineFrom(new Headers({ 'x-request-timeout-ms': '80' }), {
 *   maxMs: 10_000,
 *   header: 'x-request-timeout-ms',
 * });
 * if (plain.timeoutMs !== 80) throw new Error(`${plain.timeoutMs}`);
 * ```
 */
export function deadlineFrom(
  headers: HeadersLike,
  options: DeadlineFromOptions,
): Pick<CallOptions, 'timeoutMs'> & { readonly timeoutMs: number } {
  const maxMs = checkDuration('deadlineFrom', 'maxMs', options.maxMs);
  const name = headerOf('deadlineFrom', options);
  const text = valueOf('deadlineFrom', headers, name);
  const saidMs = text === undefined ? undefined : name === GRPC ? fromGrpc(text) : fromPlain(text);
  return { timeoutMs: Math.min(maxMs, saidMs ?? maxMs) };
}

/**
 * The headers that tell the next service how long this call may still take; none without a deadline. Rounded down:
 * whoever is asked must never believe to have longer than we wait.
 *
 * @param context - what a transport is handed, or anything else that knows `remainingMs()`
 * @throws {@link OptionError} for a context that does not know its `remainingMs()`
 * @example
 * ```ts
 * import { deadlineHeaders, timeout } from 'evenkeel';
 * const sent = await timeout({ timeoutMs: 2_000 }).run(async (context) => deadlineHeaders(context));
 * if (!/^1\d{6}u$|^2000000u$/.test(sent['grpc-timeout'] ?? '')) throw new Error(sent['grpc-timeout']);
 * ```
 */
export function deadlineHeaders(
  context: { remainingMs(): number },
  options: DeadlineHeaderOptions = {},
): Record<string, string> {
  const name = headerOf('deadlineHeaders', options);
  checkPort('deadlineHeaders', 'context', context, 'remainingMs');
  const remainingMs = Math.max(0, context.remainingMs());
  // Also for what is no number.
  if (!(remainingMs < Infinity)) return {};
  return { [name]: name === GRPC ? toGrpc(remainingMs) : String(Math.floor(remainingMs)) };
}

function headerOf(where: string, { header = GRPC }: DeadlineHeaderOptions): string {
  if (typeof header === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(header)) return header.toLowerCase();
  throw new OptionError(where, 'header', header, 'the name of a header');
}

function fromGrpc(text: string): number | undefined {
  const parts = /^(\d{1,8})([HMSmun])$/.exec(text);
  return parts === null ? undefined : Number(parts[1]) * (UNITS[parts[2] ?? ''] ?? Number.NaN);
}

function fromPlain(text: string): number | undefined {
  return /^\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

/** In the finest unit that eight digits can hold. */
function toGrpc(remainingMs: number): string {
  for (const unit of WRITTEN) {
    const count = Math.floor(remainingMs / (UNITS[unit] as number));
    if (count <= MOST_DIGITS) return `${count}${unit}`;
  }
  return `${MOST_DIGITS}H`;
}

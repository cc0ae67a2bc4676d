/**
 * Nothing acts twice unless told it may (law 14): may this request be sent again?
 *
 * A plain function says nothing of methods: whoever wraps it in a retry has said that it may be repeated. A
 * request that names an HTTP method is held to it; one that names a procedure (`eth_call`, `getUser`) does not.
 */
import type { CallOptions } from './transport.ts';

/** RFC 9110 §9.2.2: doing these twice does what doing them once does. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Methods are upper case, and any that is not known may act; these two are also written in lower case. */
const HTTP_METHOD = /^(?:[A-Z-]+|post|patch)$/;

/**
 * Codes that prove that the request never left this machine: no connection, a certificate refused, or a guard of
 * our own. A reset proves nothing.
 */
const NEVER_LEFT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|EVENKEEL_(?:CIRCUIT_OPEN|BULKHEAD_FULL|LOADS_FULL|NO_ENDPOINTS|DRAINING|RATE_LIMITED|THROTTLED|LIMIT_REACHED|TOO_LATE))$|(?:^|_)CERT(?:_|$)|LEAF_SIGNATURE$/;

/** Whether this failed attempt may be followed by another. */
export function mayRepeat(request: unknown, options: CallOptions, error: unknown): boolean {
  if (isSpent(request) || isSpent(options)) return false;
  return mayActTwice(request, options) || neverLeft(error);
}

/** Whether the request is known to do no more when it is done twice. */
export function mayActTwice(request: unknown, options: CallOptions): boolean {
  if (options.idempotencyKey !== undefined) return true;
  if (options.idempotent !== undefined) return options.idempotent;
  const method = methodOf(options) ?? methodOf(request) ?? 'GET';
  return IDEMPOTENT.has(method.toUpperCase()) || !HTTP_METHOD.test(method);
}

/** How far causes and members are followed: they may lead back to where they began. */
const MAX_DEPTH = 5;

/** Whether `error` proves that the request never left this machine. */
export function neverLeft(error: unknown, depth: number = 0): boolean {
  if (depth >= MAX_DEPTH || typeof error !== 'object' || error === null) return false;
  const { code, syscall, cause, errors } = error as { [fact: string]: unknown };
  // A dual-stack connect fails with one error per address: each of them must say so. Its own code is only the
  // first one's, so it is not asked.
  if (Array.isArray(errors) && errors.length > 0) return errors.every((one) => neverLeft(one, depth + 1));
  if (syscall === 'connect' || (typeof code === 'string' && NEVER_LEFT.test(code))) return true;
  return neverLeft(cause, depth + 1);
}

function methodOf(holder: unknown): string | undefined {
  if (typeof holder !== 'object' || holder === null) return undefined;
  const { method } = holder as { method?: unknown };
  return typeof method === 'string' ? method : undefined;
}

/** A body that can be read once is gone after the first attempt. */
export function isSpent(holder: unknown): boolean {
  if (typeof holder !== 'object' || holder === null) return false;
  const { body, bodyUsed } = holder as { body?: unknown; bodyUsed?: unknown };
  if (bodyUsed === true) return true;
  return typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || 'getReader' in body);
}

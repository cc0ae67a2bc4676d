import type { CallOptions } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { mayActTwice, mayRepeat, neverLeft } from '../../src/core/repeat.ts';

const coded = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more });
const refused = () => coded('ECONNREFUSED');
const reset = () => coded('ECONNRESET');
const wrapped = (cause: unknown, times = 1): Error =>
  new Error('wrapped', { cause: times === 1 ? cause : wrapped(cause, times - 1) });

/** As Node makes it for a dual-stack connect: with the first error's code as its own. */
const dualStack = (...errors: Error[]) =>
  Object.assign(new AggregateError(errors), { code: (errors[0] as { code?: string }).code });

const ring = () => {
  const error = new Error('a', { cause: undefined });
  error.cause = wrapped(error);
  return error;
};
const ownMember = () => {
  const error = new AggregateError([]);
  error.errors.push(error);
  return error;
};

describe('an error that proves that nothing was sent', () => {
  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'UND_ERR_CONNECT_TIMEOUT',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'EVENKEEL_CIRCUIT_OPEN',
    'EVENKEEL_BULKHEAD_FULL',
  ])('%s', (code) => {
    expect(neverLeft(coded(code))).toBe(true);
    expect(neverLeft(new TypeError('fetch failed', { cause: coded(code) }))).toBe(true);
  });

  it.each([
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'UND_ERR_SOCKET',
    'UND_ERR_HEADERS_TIMEOUT',
    'EVENKEEL_TIMEOUT',
    'XECONNREFUSED',
    'ENOTFOUND2',
  ])('%s is none', (code) => {
    expect(neverLeft(coded(code))).toBe(false);
    expect(neverLeft(new TypeError('fetch failed', { cause: coded(code) }))).toBe(false);
  });

  it.each([
    ['all addresses refused', dualStack(refused(), coded('EHOSTUNREACH')), true],
    ['the first refused, the second reset', dualStack(refused(), reset()), false],
    ['the first reset, the second refused', dualStack(reset(), refused()), false],
    ['all refused, as the cause of a fetch', wrapped(dualStack(refused(), refused())), true],
    ['one not refused, as the cause of a fetch', wrapped(dualStack(refused(), reset())), false],
    ['no errors in it', new AggregateError([]), false],
    [
      'a code of its own and no errors',
      Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }),
      true,
    ],
    ['a cause four deep', wrapped(refused(), 4), true],
    ['a cause too deep to look for', wrapped(refused(), 9), false],
    ['causes in a ring', ring(), false],
    ['itself among its errors', ownMember(), false],
    ['itself among its errors, beside a refusal', new AggregateError([refused(), ownMember()]), false],
  ])('an error with %s: %#', (_, error, expected) => {
    expect(neverLeft(error)).toBe(expected);
  });

  it.each([undefined, null, 'ECONNREFUSED', 7, {}, { code: 7 }])('is not %j', (error) => {
    expect(neverLeft(error)).toBe(false);
  });
});

describe('a request that may act twice', () => {
  it.each([
    ['a plain function’s', undefined, {}, true],
    ['a number', 7, {}, true],
    ['a GET', { method: 'GET' }, {}, true],
    ['a lower-case put', { method: 'put' }, {}, true],
    ['a POST', { method: 'POST' }, {}, false],
    ['a PATCH', { method: 'PATCH' }, {}, false],
    ['a method nobody knows', { method: 'BREW' }, {}, false],
    ['a method that is no text', { method: () => {} }, {}, true],
    ['a GET whose options say POST', { method: 'GET' }, { method: 'POST' }, false],
    ['a POST said to be idempotent', { method: 'POST' }, { idempotent: true }, true],
    ['a GET said not to be', { method: 'GET' }, { idempotent: false }, false],
    ['a POST with a key', { method: 'POST' }, { idempotencyKey: 'k' }, true],
    ['a key beats a no', { method: 'POST' }, { idempotent: false, idempotencyKey: 'k' }, true],
  ])('%s', (_, request, said, expected) => {
    const options = said as RequestInit & CallOptions;
    expect(mayActTwice(request, options)).toBe(expected);
    expect(mayRepeat(request, options, reset())).toBe(expected);
    expect(mayRepeat(request, options, refused())).toBe(true);
  });

  it.each([
    ['a stream', { body: new ReadableStream() }],
    ['an async iterable', { body: (async function* () {})() }],
    ['a body that was read', { bodyUsed: true }],
  ])('is never repeated with %s as its body, not even when it never left', (_, holder) => {
    expect(mayRepeat(holder, {}, refused())).toBe(false);
    expect(mayRepeat('x', holder as CallOptions, refused())).toBe(false);
    expect(mayRepeat(holder, { idempotencyKey: 'k' }, refused())).toBe(false);
  });

  it.each(['text', new Uint8Array(2), new URLSearchParams(), new Blob([]), new FormData(), null])(
    'may have a body that can be read again',
    (body) => {
      expect(mayRepeat({ method: 'PUT', body }, {}, reset())).toBe(true);
    },
  );
});

/** cockatiel 97: errors were typed, and told apart, as plain Error. Here each has a code, a guard, and its facts as fields. */
import {
  circuitBreaker,
  CircuitOpenError,
  consecutiveFailures,
  isBulkheadFullError,
  isCircuitOpenError,
  isEvenkeelError,
} from 'evenkeel';
import { expect, expectTypeOf, it } from 'vitest';

it('is an error of its own to the compiler and at run time', async () => {
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 10_000 });
  await breaker.run(() => Promise.reject(new Error('down'))).catch(() => {});
  const error: unknown = await breaker.run(async () => 1).catch((error: unknown) => error);
  if (!isCircuitOpenError(error)) throw new Error('not told apart');
  expectTypeOf(error).toEqualTypeOf<CircuitOpenError>();
  expectTypeOf(error.retryAfterMs).toEqualTypeOf<number>();
  expect(error).toBeInstanceOf(CircuitOpenError);
  expect(error).toBeInstanceOf(Error);
  expect([isEvenkeelError(error), isBulkheadFullError(error)]).toEqual([true, false]);
  expect([error.name, error.code]).toEqual(['CircuitOpenError', 'EVENKEEL_CIRCUIT_OPEN']);
  expect(String(error.stack)).toContain('CircuitOpenError: the circuit is open');
});

it('is made without a stack, and leaves the limit of stacks as it was, frozen or not', async () => {
  const limit = Error.stackTraceLimit;
  const error = new CircuitOpenError(5);
  expect(error.stack).toBe('CircuitOpenError: the circuit is open for another 5 ms');
  expect(Error.stackTraceLimit).toBe(limit);
  expect(new Error('another').stack).toContain('\n');
  const writable = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') as PropertyDescriptor;
  Object.defineProperty(Error, 'stackTraceLimit', { ...writable, writable: false });
  try {
    expect(new CircuitOpenError(5).message).toBe('the circuit is open for another 5 ms');
  } finally {
    Object.defineProperty(Error, 'stackTraceLimit', writable);
  }
});

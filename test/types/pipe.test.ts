import {
  balance,
  bulkhead,
  cache,
  circuitBreaker,
  pipe,
  retry,
  timeout,
  type CallOptions,
  type Transport,
} from 'evenkeel';
import { inject } from 'evenkeel/testing';
import { expectTypeOf, it, expect } from 'vitest';

it('infers request, response and options through ten layers and more', async () => {
  const call = pipe(
    balance({
      endpoints: [1, 2],
      send: async (endpoint, request: { id: string }) => ({ endpoint, ...request }),
    }),
    timeout({ timeoutMs: 1000 }),
    retry(),
    circuitBreaker(),
    bulkhead({ maxConcurrent: 9 }),
    inject({}),
    retry({ maxAttempts: 1 }),
    timeout({ timeoutMs: 900 }),
    circuitBreaker(),
    bulkhead({ maxConcurrent: 9 }),
    timeout({ timeoutMs: 5000 }),
    cache({ ttlMs: 1000 }),
  );
  expectTypeOf(call).parameter(0).toEqualTypeOf<{ id: string }>();
  expectTypeOf(call).returns.resolves.toEqualTypeOf<{ id: string; endpoint: number }>();
  expect((await call({ id: 'x' })).id).toBe('x');
});

it('keeps a transport’s own options', () => {
  const call = pipe(globalThis.fetch, retry(), timeout({ timeoutMs: 1000 }));
  expectTypeOf(call).returns.resolves.toEqualTypeOf<Response>();
  expectTypeOf<NonNullable<Parameters<typeof call>[1]>['method']>().toEqualTypeOf<string | undefined>();
  const own: Transport<string, number, CallOptions & { tenant: string }> = async () => 1;
  expectTypeOf(pipe(own, retry())).parameter(1).exclude<undefined>().toHaveProperty('tenant');
});

it('refuses layers around what is no transport', () => {
  // @ts-expect-error -- a number is no transport
  expect(() => pipe(5, retry())(1)).toBeTypeOf('function');
});

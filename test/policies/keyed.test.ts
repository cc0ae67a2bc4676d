import {
  type CallContext,
  type CallOptions,
  bulkhead,
  circuitBreaker,
  consecutiveFailures,
  isCircuitOpenError,
  isOptionError,
  keyed,
  pipe,
  retry,
  timeout,
} from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const trip = consecutiveFailures({ failures: 1 });

describe('keyed', () => {
  it('guards each key by itself', async () => {
    const clock = virtualClock();
    const breakers = keyed({ key: (shard: string) => shard, policy: () => circuitBreaker({ trip, clock }) });
    const wire = fakeTransport<string, string>({
      answer: (shard) => (shard === 'bad' ? Promise.reject(new Error('down')) : `${shard}!`),
    });
    const call = pipe(wire, breakers);
    await quiet(call('bad'));
    expect(await quiet(call('bad'))).toSatisfy(isCircuitOpenError);
    expect(await call('good')).toBe('good!');
    expect([breakers.of('bad').state, breakers.of('good').state]).toEqual(['open', 'closed']);
    expect(breakers.snapshot()).toEqual({ keys: 2, evicted: 0 });
  });

  it('shares its policies among all transports it is laid around, and hands contexts on', async () => {
    const clock = virtualClock();
    const places = keyed({
      key: (tenant: string) => tenant,
      policy: () => bulkhead({ maxConcurrent: 1, clock }),
    });
    const wires = [fakeTransport<string, number>(), fakeTransport<string, number>()] as const;
    const [read, write] = wires.map((wire) => pipe(wire, places, timeout({ timeoutMs: 50, clock })));
    const reading = quiet(read?.('one') ?? never());
    expect(await quiet(write?.('one') ?? never())).toMatchObject({ code: 'EVENKEEL_BULKHEAD_FULL' });
    await clock.advance(50);
    expect(await reading).toMatchObject({ name: 'TimeoutError' });
    const other = write?.('two') ?? never();
    wires[1].next().resolve(2);
    expect(await other).toBe(2);
  });

  it('knows 100 000 keys no better than the last 1 000, and forgets those that were not used for longest', async () => {
    const clock = virtualClock();
    const breakers = keyed({
      key: (id: number) => `key ${id}`,
      policy: () => circuitBreaker({ trip, clock }),
      maxKeys: 1000,
    });
    const call = pipe(async (id: number) => (id === 7 ? Promise.reject(new Error('down')) : id), breakers);
    await quiet(call(7));
    for (let id = 0; id < 100_000; id++) if (id !== 7) await call(id);
    expect(breakers.snapshot()).toEqual({ keys: 1000, evicted: 99_000 });
    expect(await quiet(call(7))).toMatchObject({ message: 'down' });
    expect(breakers.of('key 99999').state).toBe('closed');
  });

  it.each([
    ['a key that is no text', () => 7 as never, () => circuitBreaker(), 'key'],
    [
      'a key that throws',
      () => {
        throw new Error('no key');
      },
      () => circuitBreaker(),
      'no key',
    ],
    [
      'a policy that throws',
      () => 'a',
      () => {
        throw new Error('no policy');
      },
      'no policy',
    ],
  ])('rejects the call, and sends nothing, for %s', async (_, key, policy, message) => {
    const wire = fakeTransport<string, string>({ answer: () => 'sent' });
    const rejected = await quiet(pipe(wire, keyed({ key, policy }))('x'));
    expect(String(rejected)).toContain(message);
    expect(wire.requests).toHaveLength(0);
  });

  it.each([{ maxKeys: 0 }, { maxKeys: Infinity }, { key: 'id' }, { policy: circuitBreaker() === undefined }])(
    'refuses %o',
    (wrong) => {
      const options = { key: () => 'a', policy: () => circuitBreaker(), ...wrong };
      expect(() => keyed(options as never)).toThrow(expect.toSatisfy(isOptionError));
    },
  );

  it('is walked through by retries around it', async () => {
    const clock = virtualClock();
    const attempts: number[] = [];
    const call = pipe(
      async (_: string, options?: CallOptions) => {
        attempts.push((options as CallContext).attempt);
        throw new Error('down');
      },
      keyed({ key: (id: string) => id, policy: () => circuitBreaker({ clock }) }),
      retry({ maxAttempts: 3, clock }),
    );
    const answer = quiet(call('a'));
    await clock.advance(1000);
    await answer;
    expect(attempts).toEqual([1, 2, 3]);
  });
});

function never(): Promise<never> {
  return new Promise(() => {});
}

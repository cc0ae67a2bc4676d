/**
 * Random interleavings of loads, sets, deletes, invalidations, aborts and time against a model that keeps, for
 * each key, which values could still be served. Every value is unique and knows when its load began.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FakeCall } from 'evenkeel/testing';
import { bench } from './kit.ts';

const KEYS = ['a', 'b'] as const;
type Key = (typeof KEYS)[number];
interface Value {
  readonly key: Key;
  readonly serial: number;
  readonly sinceMs: number;
}
interface Running {
  readonly call: FakeCall<Key, Value>;
  readonly key: Key;
  readonly sinceMs: number;
  readonly epoch: number;
  readonly tagged: number;
}

const TTL = 50;
const SWR = 40;
const SIE = 200;

const key = fc.constantFrom(...KEYS);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('get' as const), key, abort: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), at: fc.nat(9), ok: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(1, 10, 45, 60, 250) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('set' as const, 'delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear' as const, 'tag' as const), key }) },
); // prettier-ignore

describe('a cache under random interleavings', () => {
  it('never serves what is too old, overtaken or invalidated, loads no key twice at once, and settles all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, origin, users } = bench<Value, Key>({
          ttlMs: TTL,
          staleWhileRevalidateMs: SWR,
          staleIfErrorMs: SIE,
          softTimeoutMs: 30,
          refreshBackoffMs: 20,
          hardTimeoutMs: 1_000_000,
          tags: (value) => [`tag:${value.key}`],
        });
        let serial = 0;
        // A change of a key ends an epoch; what was loaded in an earlier one must not reach later callers.
        const epochs = { a: 0, b: 0 };
        // After any invalidation of a tag a load may be repeated: it may carry the tag, for all the cache can know.
        let tagged = 0;
        const running: Running[] = [];
        const known = new Map<number, { epoch: number }>();
        const answers: Promise<unknown>[] = [];
        const collect = (): void => {
          while (origin.waiting > 0) {
            const call = origin.next();
            const { request } = call;
            const twice = running.filter(
              (load) => load.key === request && load.epoch === epochs[request] && load.tagged === tagged,
            );
            expect(twice).toHaveLength(0);
            running.push({ call, key: request, sinceMs: clock.now(), epoch: epochs[request], tagged });
          }
        };
        const bump = (which: readonly Key[]): void => {
          for (const one of which) epochs[one]++;
        };

        for (const one of steps) {
          if (one.do === 'get') {
            const caller = new AbortController();
            const epoch = epochs[one.key];
            const answer = users.lookup(one.key, { signal: caller.signal }).then(
              ({ value, state, ageMs }) => {
                const ms = clock.now() - value.sinceMs;
                expect(value.key).toBe(one.key);
                expect(ageMs).toBe(ms);
                if (state === 'fresh') expect(ms).toBeLessThan(TTL);
                if (state === 'stale') expect(ms).toBeLessThan(TTL + SIE);
                expect(known.get(value.serial)?.epoch).toBeGreaterThanOrEqual(epoch);
              },
              (error: unknown) => expect(['boom', 'left']).toContain(error),
            );
            answers.push(answer);
            if (one.abort) caller.abort('left');
          } else if (one.do === 'answer') {
            const [load] = running.splice(one.at % Math.max(1, running.length), 1);
            if (load === undefined) continue;
            const value = { key: load.key, serial: ++serial, sinceMs: load.sinceMs };
            known.set(serial, { epoch: load.epoch });
            if (one.ok) load.call.resolve(value);
            else load.call.reject('boom');
          } else if (one.do === 'time') {
            await clock.advance(one.ms);
          } else if (one.do === 'set') {
            bump([one.key]);
            known.set(++serial, { epoch: epochs[one.key] });
            users.set(one.key, { key: one.key, serial, sinceMs: clock.now() });
          } else if (one.do === 'delete') {
            bump([one.key]);
            users.delete(one.key);
          } else if (one.do === 'clear') {
            bump(KEYS);
            users.clear();
          } else {
            bump([one.key]);
            tagged++;
            users.invalidateTag(`tag:${one.key}`);
          }
          await clock.settle();
          collect();
        }
        for (const load of running) load.call.reject('boom');
        await clock.advance(1000);
        collect();
        await Promise.all(answers);
        expect(users.snapshot().loading).toBe(0);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

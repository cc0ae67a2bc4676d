/**
 * The pitfalls that were measured in 17 configurations of 14 npm caches, as one table. Each row is what went wrong
 * in most of them, and what is right; a row is right if what is seen equals what is said here.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { coalescingCache } from 'evenkeel/cache';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bench, fill, standing } from './kit.ts';

const boom = new Error('boom');
const error = (promise: Promise<unknown>): Promise<unknown> => promise.catch((reason: unknown) => reason);

interface Pitfall {
  readonly pitfall: string;
  readonly seen: () => Promise<unknown>;
  readonly right: unknown;
}

/** How many distinct entries these arguments make. */
async function distinct(...args: unknown[]): Promise<number> {
  const { users } = bench<number, unknown>();
  for (const [at, arg] of args.entries()) users.set(arg, at);
  return users.snapshot().entries;
}

const table: readonly Pitfall[] = [
  {
    pitfall: 'the first caller aborts, the second is innocent',
    seen: async () => {
      const { origin, users } = bench();
      const caller = new AbortController();
      const [first, second] = [error(users.get('a', { signal: caller.signal })), users.get('a')];
      caller.abort('left');
      origin.next().resolve('one');
      return [await first, await second, origin.requests.length];
    },
    right: ['left', 'one', 1],
  },
  {
    pitfall: 'the second caller aborts: does he leave at once?',
    seen: async () => {
      const { users } = bench();
      const caller = new AbortController();
      const [first, second] = [users.get('a'), error(users.get('a', { signal: caller.signal }))];
      caller.abort('left');
      return [await standing(second), await standing(first)];
    },
    right: ['left', 'pending'],
  },
  {
    pitfall: 'a signal that is aborted already',
    seen: async () => {
      const { origin, users } = bench();
      const gone = await error(users.get('a', { signal: AbortSignal.abort('gone') }));
      return [gone, origin.requests.length];
    },
    right: ['gone', 0],
  },
  {
    pitfall: 'unhandled rejections of background refreshes',
    seen: async () => {
      const unhandled: unknown[] = [];
      const hear = (reason: unknown) => unhandled.push(reason);
      process.on('unhandledRejection', hear);
      onTestFinished(() => void process.off('unhandledRejection', hear));
      const { clock, origin, users } = bench({ staleWhileRevalidateMs: 1000 });
      await fill({ origin, users }, 'a', 'one');
      await clock.advance(100);
      await users.get('a');
      await clock.settle();
      origin.next().reject(boom);
      await clock.settle();
      await clock.settle();
      return unhandled;
    },
    right: [],
  },
  {
    pitfall: 'a rejection is kept',
    seen: async () => {
      const { origin, users } = bench();
      const failing = error(users.get('a'));
      origin.next().reject(boom);
      await failing;
      await fill({ origin, users }, 'a', 'one');
      return await users.get('a');
    },
    right: 'one',
  },
  {
    pitfall: '50 requests in an outage with something stale: loads',
    seen: async () => {
      const { clock, origin, users } = bench({ staleIfErrorMs: 3_600_000, refreshBackoffMs: 1000 });
      await fill({ origin, users }, 'a', 'one');
      await clock.advance(100);
      const answers = new Set<unknown>();
      for (let n = 0; n < 50; n++) {
        const answer = users.get('a');
        if (origin.waiting > 0) origin.next().reject(boom);
        answers.add(await answer);
        await clock.advance(10);
      }
      return [[...answers], origin.requests.length - 1];
    },
    right: [['one'], 1],
  },
  {
    pitfall: '50 requests in an outage, cold, with an error TTL: loads',
    seen: async () => {
      const { origin, users } = bench({ errorTtlMs: 1000 });
      for (let n = 0; n < 50; n++) {
        const answer = error(users.get('a'));
        if (origin.waiting > 0) origin.next().reject(boom);
        if ((await answer) !== boom) return 'another error';
      }
      return origin.requests.length;
    },
    right: 1,
  },
  {
    pitfall: 'a plain read of something stale in an outage deletes it',
    seen: async () => {
      const { clock, origin, users } = bench({ staleIfErrorMs: 10_000 });
      await fill({ origin, users }, 'a', 'one');
      await clock.advance(100);
      users.peek('a');
      const answer = users.get('a');
      origin.next().reject(boom);
      return await answer;
    },
    right: 'one',
  },
  {
    pitfall: 'stale is served without a limit, or each failure renews it',
    seen: async () => {
      const { clock, origin, users } = bench({ staleIfErrorMs: 1000, refreshBackoffMs: 100 });
      await fill({ origin, users }, 'a', 'one');
      await clock.advance(100);
      let lastMs = 0;
      for (let ms = 100; ms <= 1500; ms += 100) {
        const answer = error(users.get('a'));
        if (origin.waiting > 0) origin.next().reject(boom);
        if ((await answer) === 'one') lastMs = ms;
        await clock.advance(100);
      }
      return lastMs;
    },
    right: 1000,
  },
  {
    pitfall: 'a failing key, 1 000 callers at once: loads, and one error for all',
    seen: async () => {
      const { origin, users } = bench();
      const callers = Array.from({ length: 1000 }, () => error(users.get('a')));
      origin.next().reject(boom);
      return [new Set(await Promise.all(callers)).size, origin.requests.length];
    },
    right: [1, 1],
  },
  { pitfall: "1 and '1' and 1n are one key", seen: () => distinct(1, '1', 1n), right: 3 },
  { pitfall: '{a,b} and {b,a} are two keys', seen: () => distinct({ a: 1, b: 2 }, { b: 2, a: 1 }), right: 1 },
  { pitfall: 'all objects are one key', seen: () => distinct({ a: 1 }, { a: 2 }, { b: 1 }), right: 3 },
  {
    pitfall: "{a:1} and '{\"a\":1}', [1] and '[1]' are one key",
    seen: () => distinct({ a: 1 }, '{"a":1}', [1], '[1]'),
    right: 4,
  },
  {
    pitfall: 'undefined, null, NaN, a Date and a Map are one key',
    seen: () => distinct(undefined, null, Number.NaN, new Date(0), new Map(), {}, [], '', 0, false),
    right: 10,
  },
  {
    pitfall: '__proto__ and constructor as keys, and in keys',
    seen: async () => {
      const entries = await distinct('__proto__', 'constructor', JSON.parse('{"__proto__":1}'), {});
      return [entries, ({} as Record<string, unknown>)['1']];
    },
    right: [4, undefined],
  },
  {
    pitfall: 'the clock steps back an hour, then the TTL passes',
    seen: async () => {
      const { clock, origin, users } = bench();
      await fill({ origin, users }, 'a', 'one');
      clock.jump(-3_600_000);
      await clock.advance(3_600_100);
      void users.get('a');
      return origin.waiting;
    },
    right: 1,
  },
  {
    pitfall: 'a clock that begins at 0 never expires',
    seen: async () => {
      const clock = virtualClock(0);
      let loads = 0;
      const cache = coalescingCache({ load: async (_key: string) => ++loads, ttlMs: 10, clock });
      await cache.get('a');
      await clock.advance(10);
      return await cache.get('a');
    },
    right: 2,
  },
  {
    pitfall: 'a cold herd of 1 000 keys: the most loads at once',
    seen: async () => {
      const clock = virtualClock();
      let [now, most] = [0, 0];
      const cache = coalescingCache({
        load: async (_key: number) => {
          most = Math.max(most, ++now);
          await new Promise<void>((resolve) => clock.setTimeout(resolve, 5));
          now--;
        },
        ttlMs: 1000,
        maxLoads: 20,
        clock,
      });
      const all = Promise.all(Array.from({ length: 1000 }, (_, key) => cache.get(key)));
      await clock.advance(1000);
      await all;
      return most;
    },
    right: 20,
  },
  {
    pitfall: 'set during a load that brings something older: what waits gets, and what is read later',
    seen: async () => {
      const { origin, users } = bench();
      const waits = users.get('a');
      users.set('a', 'new');
      origin.next().resolve('old');
      return [await waits, await users.get('a')];
    },
    right: ['old', 'new'],
  },
  {
    pitfall: 'delete during a load: does the older value survive, and does a new caller join?',
    seen: async () => {
      const { origin, users } = bench();
      const before = users.get('a');
      users.delete('a');
      const after = users.get('a');
      const [old, young] = [origin.next(), origin.next()];
      young.resolve('new');
      await after;
      old.resolve('old');
      return [await before, await after, await users.get('a')];
    },
    right: ['old', 'new', 'new'],
  },
  {
    pitfall: 'a tag is invalidated during a load',
    seen: async () => {
      const { origin, users } = bench({ tags: () => ['t'] });
      const waits = users.get('a');
      users.invalidateTag('t');
      origin.next().resolve('old');
      return [await waits, users.peek('a')];
    },
    right: ['old', undefined],
  },
  {
    pitfall: 'async context: the loader has the first caller’s, a refresh the creator’s, callers keep theirs',
    seen: async () => {
      const store = new AsyncLocalStorage<string>();
      const clock = virtualClock();
      const seen: unknown[] = [];
      const cache = store.run('creator', () =>
        coalescingCache({
          load: async (_key: string) => void seen.push(store.getStore()),
          ttlMs: 10,
          staleWhileRevalidateMs: 100,
          clock,
        }),
      );
      const caller = (name: string) =>
        store.run(name, async () => {
          await cache.get('a');
          seen.push(store.getStore());
        });
      await Promise.all([caller('first'), caller('second')]);
      await clock.advance(10);
      await caller('third');
      await clock.settle();
      return seen.map(String).sort();
    },
    right: ['creator', 'first', 'first', 'second', 'third'],
  },
  {
    pitfall: 'the loader returns undefined, as a promise or not, or throws: can it be read again?',
    seen: async () => {
      const ways: (() => unknown)[] = [
        async () => undefined,
        () => undefined,
        () => {
          throw boom;
        },
      ];
      const seen: unknown[] = [];
      for (const way of ways) {
        let calls = 0;
        const cache = coalescingCache({
          load: (_key: string) => (++calls === 1 ? way() : Promise.resolve('again')) as Promise<unknown>,
          ttlMs: 10,
          clock: virtualClock(),
        });
        const first = await error(cache.get('a'));
        seen.push([first instanceof Error ? first.name : first, await cache.get('a')]);
      }
      return seen;
    },
    right: [
      [undefined, undefined],
      ['OptionError', 'again'],
      ['Error', 'again'],
    ],
  },
  {
    pitfall: 'a loader that never settles: a later caller',
    seen: async () => {
      const { clock, origin, users } = bench({ hardTimeoutMs: 100 });
      const stuck = error(users.get('a'));
      await clock.advance(100);
      origin.next();
      await fill({ origin, users }, 'a', 'one');
      return [((await stuck) as Error).name, await users.get('a')];
    },
    right: ['TimeoutError', 'one'],
  },
  {
    pitfall: 'the TTL counts from the end of the load',
    seen: async () => {
      const { clock, origin, users } = bench();
      const first = users.get('a');
      await clock.advance(60);
      origin.next().resolve('one');
      await first;
      await clock.advance(40);
      return users.peek('a');
    },
    right: undefined,
  },
  {
    pitfall: 'a load slower than the TTL is begun twice',
    seen: async () => {
      const { clock, origin, users } = bench({ ttlMs: 10 });
      const callers = [users.get('a')];
      await clock.advance(50);
      callers.push(users.get('a'));
      origin.next().resolve('one');
      await Promise.all(callers);
      return origin.requests.length;
    },
    right: 1,
  },
  {
    pitfall: 'less room than callers: 50 misses, 10 entries',
    seen: async () => {
      const { origin, users } = bench({ maxEntries: 10 });
      const answers = Promise.all(Array.from({ length: 50 }, (_, n) => users.get(`k${n}`)));
      for (let n = 0; n < 50; n++) origin.next().resolve('v');
      return (await answers).every((value) => value === 'v');
    },
    right: true,
  },
  {
    pitfall: 'timers that outlive what they were for',
    seen: async () => {
      const { clock, origin, users } = bench({ staleWhileRevalidateMs: 1000, softTimeoutMs: 5, errorTtlMs: 60_000 });
      await fill({ origin, users }, 'a', 'one');
      const failing = error(users.get('b'));
      origin.next().reject(boom);
      await failing;
      return clock.pendingTimers;
    },
    right: 0,
  },
]; // prettier-ignore

describe('the pitfalls of caches', () => {
  it.each(table)('are not ours: $pitfall', async ({ seen, right }) => {
    expect(await seen()).toEqual(right);
  });
});

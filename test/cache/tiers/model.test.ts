/**
 * Two processes, one far tier that fails, hangs and comes back empty, and an origin whose values have versions: whoever
 * asks after a change was told must get it or something newer; after one that could not be told, at least whoever made
 * it must. Every load ends, and nothing is left behind.
 */
import * as fc from 'fast-check';
import { tiered } from 'evenkeel/cache';
import { fakeStore, seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const KEYS = ['a', 'b'] as const;
type Key = (typeof KEYS)[number];
interface Seen {
  readonly key: Key;
  readonly version: number;
}

const step = fc.record({
  do: fc.constantFrom('get', 'get', 'get', 'get', 'delete', 'tag', 'set', 'clear', 'time', 'mode', 'restart'),
  who: fc.constantFrom(0, 1),
  key: fc.constantFrom(...KEYS),
  ms: fc.constantFrom(1, 20, 150, 1200),
  mode: fc.constantFrom('well' as const, 'well' as const, 'failing' as const, 'hanging' as const),
});

describe('two processes over a far tier', () => {
  it('never see less than what was told, whatever the far tier does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), fc.nat(1000), async (steps, seed) => {
        const clock = virtualClock();
        const store = fakeStore({ clock });
        const random = seededRandom(seed + 1);
        const origin = { a: 0, b: 0 };
        const least = [
          { a: 0, b: 0 },
          { a: 0, b: 0 },
        ] satisfies [unknown, unknown];
        const start = (who: number) =>
          tiered<Key, Seen>({
            near: {
              load: async (key) => {
                const version = origin[key];
                await new Promise<void>((resolve) => clock.setTimeout(resolve, 1 + 40 * random()));
                if (random() < 0.2) throw new Error('bad luck');
                return { key, version };
              },
              ttlMs: 10_000,
              hardTimeoutMs: 500,
              tags: ({ key }) => [key],
              clock,
              random: seededRandom(who + 1),
            },
            far: store.connect(),
            leaseMs: 60,
            guard: { timeoutMs: 30, failures: 2, openMs: 100 },
          });
        const caches = [start(0), start(1)] as const;
        const open: Promise<unknown>[] = [];
        /** Who made a change knows it at once; the others when it was told. */
        const change = (who: 0 | 1, keys: readonly Key[], told: Promise<void>): void => {
          const versions = { ...origin };
          const learn = (one: 0 | 1): void => {
            for (const key of keys) least[one][key] = Math.max(least[one][key], versions[key]);
          };
          learn(who);
          open.push(
            told.then(
              () => {
                learn(0);
                learn(1);
              },
              () => {},
            ),
          );
        };
        for (const one of steps) {
          const { who } = one;
          const cache = caches[who];
          if (one.do === 'get') {
            const expected = least[who][one.key];
            open.push(
              cache.get(one.key).then(
                (seen) => {
                  expect(seen.key).toBe(one.key);
                  expect(seen.version).toBeGreaterThanOrEqual(expected);
                },
                (error: unknown) => expect(['bad luck', 'the load did not settle within 500 ms']).toContain((error as Error).message),
              ),
            );
          } else if (one.do === 'time') await clock.advance(one.ms);
          else if (one.do === 'mode') store.behave(one.mode);
          else if (one.do === 'restart') store.restart();
          else if (one.do === 'clear') {
            for (const key of KEYS) origin[key]++;
            change(who, KEYS, cache.clear());
          } else {
            origin[one.key]++;
            const { key } = one;
            if (one.do === 'delete') change(who, [key], cache.delete(key));
            else if (one.do === 'tag') change(who, [key], cache.invalidateTag(key));
            else change(who, [key], cache.set(key, { key, version: origin[key] }));
          }
          await clock.settle();
        }
        store.behave('well');
        await clock.advance(2000);
        await Promise.all(open);
        for (const cache of caches) {
          expect(cache.snapshot()).toMatchObject({ loading: 0, queued: 0 });
          cache[Symbol.dispose]();
        }
        await clock.advance(1000);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 500 },
    );
  }, 60_000);
}); // prettier-ignore

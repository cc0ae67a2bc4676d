/**
 * Interleavings chosen by fast-check's scheduler, down to the order in which promises settle, against a model of what
 * a reader may see: the origin has a version for each key, a writer changes it and then tells the cache, and whoever
 * asks after that must never get an older version, whatever loads were under way.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheOptions, coalescingCache } from 'evenkeel/cache';
import { virtualClock } from 'evenkeel/testing';

const KEYS = ['a', 'b'] as const;
type Key = (typeof KEYS)[number];

interface Seen {
  readonly key: Key;
  readonly version: number;
}

const key = fc.constantFrom(...KEYS);
const command = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'leave' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'set' as const, 'tag' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear' as const, 'abort' as const), key }) },
); // prettier-ignore

const MODES: [string, Partial<CacheOptions<Key, Seen>>][] = [
  ['finish', {}],
  ['abort', { whenAbandoned: 'abort' }],
  ['one load at a time', { maxLoads: 1 }],
  ['remembered errors', { errorTtlMs: 1000 }],
];

describe.each(MODES)('loads that %s, in any order', (_, mode) => {
  it('never show what was changed before the reader came, run once a key, and all settle', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(command, { maxLength: 30 }),
        fc.infiniteStream(fc.nat(9)),
        async (s, commands, luck) => {
          const clock = virtualClock();
          const origin = { a: 0, b: 0 };
          // Of each key: the version that readers must at least see, and how often it was made known that it changed.
          const known = { a: 0, b: 0 };
          const epochs = { a: 0, b: 0 };
          let tagged = 0;
          const running: string[] = [];
          const cache = coalescingCache<Key, Seen>({
            load: async (key, { signal }) => {
              const version = origin[key];
              const epoch = `${key}${epochs[key]}:${tagged}`;
              expect(running).not.toContain(epoch);
              running.push(epoch);
              let over = false;
              const end = (): void => {
                if (!over) running.splice(running.indexOf(epoch), 1);
                over = true;
              };
              signal.addEventListener('abort', end);
              try {
                await s.schedule(Promise.resolve(), `load ${key}`);
                if (luck.next().value === 0) throw new Error('bad luck');
                return { key, version };
              } finally {
                end();
              }
            },
            ttlMs: Infinity,
            tags: ({ key }) => [key],
            clock,
            ...mode,
          });
          const callers: AbortController[] = [];
          const answers: Promise<void>[] = [];
          const get = (key: Key): void => {
            const caller = new AbortController();
            callers.push(caller);
            const least = known[key];
            const answer = cache.get(key, { signal: caller.signal }).then(
              (seen) => {
                expect(seen.key).toBe(key);
                expect(seen.version).toBeGreaterThanOrEqual(least);
              },
              (error: unknown) => expect(['bad luck', 'left']).toContain((error as Error).message ?? error),
            );
            answers.push(answer);
          };
          const change = (key: Key): void => {
            origin[key]++;
            known[key] = origin[key];
            epochs[key]++;
          };
          const run = (one: { readonly do: string; readonly key: Key }): void => {
            if (one.do === 'get') get(one.key);
            else if (one.do === 'leave') callers.shift()?.abort('left');
            else if (one.do === 'abort') for (const caller of callers.splice(0)) caller.abort('left');
            else if (one.do === 'clear') {
              for (const key of KEYS) change(key);
              cache.clear();
            } else {
              change(one.key);
              if (one.do === 'delete') cache.delete(one.key);
              else if (one.do === 'set') cache.set(one.key, { key: one.key, version: origin[one.key] });
              else {
                tagged++;
                cache.invalidateTag(one.key);
              }
            }
          };
          const steps = commands.map((one) => ({
            label: `${one.do} ${one.key}`,
            builder: () => Promise.resolve(run(one)),
          }));
          const { task } = s.scheduleSequence(steps);
          await s.waitAll();
          await task;
          for (let turn = 0; turn < 5; turn++) {
            await s.waitAll();
            await clock.settle();
          }
          await Promise.all(answers);
          expect(running).toEqual([]);
          expect(cache.snapshot()).toMatchObject({ loading: 0, queued: 0 });
          expect(clock.pendingTimers).toBe(0);
          for (const key of KEYS) {
            const seen = cache.peek(key);
            if (seen !== undefined) expect(seen.version).toBe(origin[key]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

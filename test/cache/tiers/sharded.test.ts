import { isOptionError } from 'evenkeel';
import { sharded, tiered } from 'evenkeel/cache';
import { fakeStore, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const KEYS = Array.from({ length: 20_000 }, (_, n) => `key:${n}`);

/** Which store holds each key. */
async function holders(names: readonly string[]): Promise<Map<string, string>> {
  const clock = virtualClock();
  const stores = names.map((name) => ({ name, store: fakeStore({ clock }) }));
  const shards = sharded(Object.fromEntries(stores.map(({ name, store }) => [name, store.connect()])), { clock });
  const value = { text: 't', sinceMs: clock.now(), freshMs: 1000, keepMs: 1000, costMs: 0, tags: [] };
  await Promise.all(KEYS.map((key) => shards.write(key, value, undefined, undefined as never)));
  return new Map(stores.flatMap(({ name, store }) => store.keys().map((key) => [key, name] as const)));
} // prettier-ignore

describe('shards', () => {
  it('move 1/(n+1) of the keys when one is added to n, all to the new one, and share evenly', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const [before, after] = [await holders(names), await holders([...names, 'e'])];
    const moved = KEYS.filter((key) => before.get(key) !== after.get(key));
    expect(moved.length / KEYS.length).toBeGreaterThan(0.19);
    expect(moved.length / KEYS.length).toBeLessThan(0.21);
    expect(new Set(moved.map((key) => after.get(key)))).toEqual(new Set(['e']));
    for (const name of names) {
      const share = KEYS.filter((key) => before.get(key) === name).length / KEYS.length;
      expect(share).toBeGreaterThan(0.23);
      expect(share).toBeLessThan(0.27);
    }
  });

  it('go by name, not by place', async () => {
    const [one, other] = [await holders(['a', 'b', 'c']), await holders(['c', 'a', 'b'])];
    expect(KEYS.every((key) => one.get(key) === other.get(key))).toBe(true);
  });

  it('fail one by one: the keys of a dead one are loaded, the others know nothing of it', async () => {
    const clock = virtualClock();
    const [well, dead] = [fakeStore({ clock }), fakeStore({ clock })];
    dead.behave('failing');
    const far = sharded({ well: well.connect(), dead: dead.connect() }, { clock, failures: 3 });
    let loads = 0;
    const start = () => tiered({ near: { load: async (key: string) => `${key} ${++loads}`, ttlMs: 10_000, clock }, far }); // prettier-ignore
    const [one, other] = [start(), start()];
    for (let n = 0; n < 100; n++) await one.get(`k${n}`);
    await clock.settle();
    expect(dead.steps['open']).toBe(3);
    for (let n = 0; n < 100; n++) await other.get(`k${n}`);
    expect(loads).toBe(200 - well.keys().length);
    expect(well.keys().length).toBeGreaterThan(30);
  });

  it('are all told of tags and of a clear, and the first failure is what that rejects with', async () => {
    const clock = virtualClock();
    const [well, dead] = [fakeStore({ clock }), fakeStore({ clock })];
    const shards = sharded({ a: dead.connect(), b: well.connect() }, { clock });
    dead.behave('failing');
    await expect(shards.invalidateTag('t', undefined as never)).rejects.toMatchObject({ code: 'EVENKEEL_TESTING' });
    await expect(shards.clear(undefined as never)).rejects.toMatchObject({ code: 'EVENKEEL_TESTING' });
    expect(well.steps).toMatchObject({ invalidateTag: 1, clear: 1 });
  }); // prettier-ignore

  it('are at least one', () => {
    let thrown: unknown;
    try {
      sharded({});
    } catch (error) {
      thrown = error;
    }
    expect(isOptionError(thrown)).toBe(true);
  });
});

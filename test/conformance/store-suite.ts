/**
 * What every far store must do: forget what it was told to, lend each key to one at a time, and refuse who lost the
 * lease. Run for each implementation; nothing here waits but for a condition.
 */
import type { CacheStore, LoadLease, StoredValue, StoreListener } from 'evenkeel/cache';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

export interface StoreBench {
  /** A client of the same store, as another process has it. */
  readonly connect: () => CacheStore;
  /** Lets a few milliseconds pass. */
  readonly pass: (ms: number) => Promise<void>;
  readonly stop: () => Promise<void> | void;
}

const context = undefined as never;
let tokens = 0;
const lease = (said: Partial<LoadLease> = {}): LoadLease => ({
  token: `t${++tokens}`,
  ms: 10_000,
  when: 'stale',
  ...said,
});

/** What a listener heard, in words. */
function listening(): { readonly listener: StoreListener; readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    listener: {
      removed: (key) => heard.push(`removed ${key}`),
      invalidated: (tag) => heard.push(`invalidated ${tag}`),
      cleared: () => heard.push('cleared'),
      lost: () => heard.push('lost'),
    },
  };
}

export function storeSuite(name: string, make: () => Promise<StoreBench> | StoreBench): void {
  describe(`the store ${name}`, () => {
    let bench: StoreBench;
    let one: CacheStore;
    let other: CacheStore;

    beforeEach(async () => {
      bench = await make();
      [one, other] = [bench.connect(), bench.connect()];
    });
    afterEach(() => bench.stop());

    const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
      for (let turn = 0; turn < 2000; turn++) {
        if (await holds()) return;
        await bench.pass(1);
      }
      throw new Error('it does not come true');
    };

    /** Stores a value as a load does: under a lease, true as of when the lease was lent. */
    const load = async (store: CacheStore, key: string, said: Partial<StoredValue> = {}): Promise<StoredValue> => {
      const mine = lease({ when: 'always' });
      const { leased, nowMs } = await store.open(key, mine, context);
      expect(leased).toBe(true);
      const value = { text: `of ${key}`, sinceMs: nowMs, freshMs: 60_000, keepMs: 120_000, costMs: 5, tags: [], ...said };
      expect(await store.write(key, value, mine.token, context)).toBe(true);
      return value;
    }; // prettier-ignore

    it('has nothing at first, lends the key, and says what time it is', async () => {
      const opening = await one.open('a', lease(), context);
      expect(opening).toMatchObject({ stored: undefined, leased: true });
      expect(Number.isFinite(opening.nowMs)).toBe(true);
      await bench.pass(5);
      expect((await other.open('b', undefined, context)).nowMs).toBeGreaterThan(opening.nowMs);
    });

    it('shows all clients what one has stored, with all that is known of it, and lends it to none', async () => {
      const value = await load(one, 'a', { text: 'text "with" {all} \u0000 sorts ü', tags: ['x', 'y z'], validator: { e: 'tag' } });
      const opening = await other.open('a', lease(), context);
      expect(opening.leased).toBe(false);
      expect(opening.stored).toMatchObject({ text: value.text, sinceMs: value.sinceMs, freshMs: 60_000, costMs: 5, tags: ['x', 'y z'], validator: { e: 'tag' } });
    }); // prettier-ignore

    it('keeps keys apart, whatever is in them', async () => {
      const keys = ["1'a", "3'a:b", "2'{}", "1'{", "1'}", "1'%", "3'%7B", '[1,2]', "5'\u0000\n\r ü", `9000'${'k'.repeat(9000)}`];
      for (const key of keys) await load(one, key);
      for (const key of keys)
        expect((await other.open(key, undefined, context)).stored?.text).toBe(`of ${key}`);
    }); // prettier-ignore

    it('lends a key to one at a time, who may ask again', async () => {
      const [first, second] = [lease(), lease()];
      expect((await one.open('a', first, context)).leased).toBe(true);
      expect((await other.open('a', second, context)).leased).toBe(false);
      expect((await one.open('a', first, context)).leased).toBe(true);
      await one.release('a', second.token, context);
      expect((await other.open('a', second, context)).leased).toBe(false);
      await one.release('a', first.token, context);
      expect((await other.open('a', second, context)).leased).toBe(true);
    });

    it('lends to one only, however many ask at once', async () => {
      const asked = await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? one : other).open('a', lease(), context)));
      expect(asked.filter(({ leased }) => leased)).toHaveLength(1);
    }); // prettier-ignore

    it('lends anew when the time is over, and refuses the first one’s value then', async () => {
      const [first, second] = [lease({ ms: 20 }), lease()];
      const { nowMs } = await one.open('a', first, context);
      await until(async () => (await other.open('a', second, context)).leased);
      const value = { text: 'old', sinceMs: nowMs, freshMs: 60_000, keepMs: 60_000, costMs: 0, tags: [] };
      expect(await one.write('a', value, first.token, context)).toBe(false);
      expect(await other.write('a', { ...value, text: 'new' }, second.token, context)).toBe(true);
      expect((await one.open('a', undefined, context)).stored?.text).toBe('new');
    });

    it('renews a lease only for who has it still: not after a change, nor when it is over', async () => {
      const [mine, held] = [lease(), (token: string) => lease({ token, when: 'held' })];
      const { nowMs } = await one.open('a', mine, context);
      expect((await one.open('a', held(mine.token), context)).leased).toBe(true);
      await other.remove('a', context);
      expect((await one.open('a', held(mine.token), context)).leased).toBe(false);
      const value = { text: 'old', sinceMs: nowMs, freshMs: 60_000, keepMs: 60_000, costMs: 0, tags: [] };
      expect(await one.write('a', value, mine.token, context)).toBe(false);
      const short = lease({ ms: 5 });
      expect((await one.open('b', short, context)).leased).toBe(true);
      await bench.pass(20);
      expect((await one.open('b', held(short.token), context)).leased).toBe(false);
    });

    it('lends what is stale, and shows it', async () => {
      await load(one, 'a', { freshMs: 5 });
      await until(async () => (await other.open('a', lease(), context)).leased);
      expect((await one.open('a', undefined, context)).stored?.text).toBe('of a');
    });

    it('drops what is kept no longer', async () => {
      await load(one, 'a', { freshMs: 5, keepMs: 10 });
      await until(async () => (await other.open('a', undefined, context)).stored === undefined);
    });

    const changes: [string, (store: CacheStore) => Promise<unknown>][] = [
      ['remove', (store) => store.remove('a', context)],
      ['invalidateTag', (store) => store.invalidateTag('x', context)],
      ['clear', (store) => store.clear(context)],
    ];

    it.each(changes)('forgets at a %s, and lends the key', async (_, change) => {
      await load(one, 'a', { tags: ['x'] });
      await change(other);
      const opening = await one.open('a', lease(), context);
      expect(opening).toMatchObject({ stored: undefined, leased: true });
      await bench.pass(2);
      await load(one, 'b', { tags: ['x'] });
      expect((await other.open('b', undefined, context)).stored?.text).toBe('of b');
    });

    it.each(changes)('does not show what was loading at a %s', async (_, change) => {
      const mine = lease();
      const { nowMs } = await one.open('a', mine, context);
      await change(other);
      const value = { text: 'old', sinceMs: nowMs, freshMs: 60_000, keepMs: 60_000, costMs: 0, tags: ['x'] };
      await one.write('a', value, mine.token, context);
      expect((await other.open('a', undefined, context)).stored).toBeUndefined();
      await bench.pass(2);
      await load(other, 'a', { text: 'new', tags: ['x'] });
      expect((await one.open('a', undefined, context)).stored?.text).toBe('new');
    });

    it('leaves other tags and keys alone', async () => {
      await load(one, 'a', { tags: ['x'] });
      await load(one, 'b', { tags: ['y'] });
      await other.invalidateTag('x', context);
      await other.remove('c', context);
      expect((await one.open('b', undefined, context)).stored?.text).toBe('of b');
    });

    it('takes a value that was set in any case, and refuses who was loading', async () => {
      const mine = lease();
      const { nowMs } = await one.open('a', mine, context);
      const value = { text: 'set', sinceMs: nowMs, freshMs: 60_000, keepMs: 60_000, costMs: 0, tags: [] };
      expect(await other.write('a', value, undefined, context)).toBe(true);
      expect(await one.write('a', { ...value, text: 'old' }, mine.token, context)).toBe(false);
      expect((await one.open('a', undefined, context)).stored?.text).toBe('set');
    });

    it('tells the others of changes, in order, and not who made them', async () => {
      const [mine, theirs] = [listening(), listening()];
      const stops = [one.follow?.(mine.listener), other.follow?.(theirs.listener)];
      // It may say first that something may have been missed before it began to listen.
      await until(async () => {
        await one.remove('probe', context);
        return theirs.heard.includes('removed probe');
      });
      theirs.heard.length = 0;
      const value = { text: 't', sinceMs: 0, freshMs: 60_000, keepMs: 60_000, costMs: 0, tags: [] };
      await one.write('set', { ...value, sinceMs: (await one.open('set', undefined, context)).nowMs }, undefined, context);
      await one.invalidateTag('x', context);
      await one.clear(context);
      await until(() => theirs.heard.includes('cleared'));
      // A store of several parts says some things once for each.
      const heard = new Set(theirs.heard.filter((one) => one !== 'removed probe'));
      expect([...heard]).toEqual(['removed set', 'invalidated x', 'cleared']);
      expect(mine.heard.filter((one) => one !== 'lost')).toEqual([]);
      for (const stop of stops) stop?.();
      await other.remove('after', context);
      await bench.pass(5);
      expect(mine.heard).not.toContain('removed after');
    }); // prettier-ignore
  });
}

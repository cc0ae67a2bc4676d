import { fakeStore, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../../src/core/observer.ts';
import type { CacheStore } from '../../../src/cache/tiers/cache-store.ts';
import { GuardedStore } from '../../../src/cache/tiers/guarded-store.ts';
import { ALL, Unsaid } from '../../../src/cache/tiers/unsaid.ts';

const context = undefined as never;
const key = (name: string) => ({ kind: 'key', name }) as const;
const tag = (name: string) => ({ kind: 'tag', name }) as const;

describe('what the far tier has not been told', () => {
  it('is doubted by key, by tag, or altogether', () => {
    const unsaid = new Unsaid(10);
    expect(unsaid.doubts('a', ['t'])).toBe(false);
    unsaid.note(key('a'));
    unsaid.note(tag('t'));
    expect([unsaid.doubts('a', []), unsaid.doubts('b', ['x', 't']), unsaid.doubts('b', ['x'])]).toEqual([
      true,
      true,
      false,
    ]);
    // A tag is no key of the same name.
    expect([unsaid.doubts('t', []), unsaid.doubts('b', ['a'])]).toEqual([false, false]);
    unsaid.note(ALL);
    expect([unsaid.size, unsaid.doubts('b', [])]).toEqual([1, true]);
  });

  it('stays unsaid if it changed again while it was said', async () => {
    const unsaid = new Unsaid(10);
    const first = unsaid.note(key('a'));
    unsaid.note(key('a'));
    unsaid.said(key('a'), first);
    expect(unsaid.doubts('a', [])).toBe(true);
    const store = { remove: async () => void unsaid.note(key('a')) } as unknown as CacheStore;
    await unsaid.say(store, context);
    expect(unsaid.doubts('a', [])).toBe(true);
  });

  it('is said one by one, and what fails keeps nothing else from being said', async () => {
    const unsaid = new Unsaid(10);
    for (const change of [key('bad'), tag('t'), key('good')]) unsaid.note(change);
    const told: string[] = [];
    const store = {
      remove: async (name: string) => {
        if (name === 'bad') throw new Error('down');
        told.push(name);
      },
      invalidateTag: async (name: string) => void told.push(name),
    } as unknown as CacheStore;
    await unsaid.say(store, context);
    expect([told, unsaid.size, unsaid.doubts('bad', [])]).toEqual([['t', 'good'], 1, true]);
  });
});

describe('a store behind a circuit', () => {
  it('takes no notice of what began before it opened', async () => {
    const clock = virtualClock();
    const shared = fakeStore({ clock });
    const settings = {
      clock,
      reporter: new Reporter('cache', {}),
      timeoutMs: 1000,
      failures: 2,
      openMs: 100,
    };
    const store = new GuardedStore(shared.connect(), settings);
    shared.behave('hanging');
    const slow = store.open('slow', undefined);
    shared.behave('failing');
    for (let n = 0; n < 2; n++) await store.open('a', undefined).catch(() => {});
    expect(store.state).toBe('open');
    shared.behave('well');
    await slow;
    expect(store.state).toBe('open');
    await clock.advance(100);
    expect(store.state).toBe('half-open');
    shared.behave('failing');
    await store.open('a', undefined).catch(() => {});
    expect(store.state).toBe('open');
    await clock.advance(100);
    shared.behave('well');
    await store.open('a', undefined);
    expect(store.state).toBe('closed');
    shared.behave('failing');
    await store.open('a', undefined).catch(() => {});
    // The failures before it opened count no more.
    expect(store.state).toBe('closed');
  });

  it('is not closed by what began before it opened, while its probe is out', async () => {
    const clock = virtualClock();
    const answers: ((failed: boolean) => void)[] = [];
    const far = {
      open: () =>
        new Promise((resolve, reject) =>
          answers.push((failed) => (failed ? reject(new Error('down')) : resolve({}))),
        ),
    } as unknown as CacheStore;
    const settings = {
      clock,
      reporter: new Reporter('cache', {}),
      timeoutMs: 1000,
      failures: 1,
      openMs: 100,
    };
    const store = new GuardedStore(far, settings);
    const calls = [store.open('slow', undefined), store.open('failing', undefined)];
    answers[1]?.(true);
    await expect(calls[1]).rejects.toThrow('down');
    await clock.advance(100);
    const probe = store.open('probe', undefined);
    answers[0]?.(false);
    await calls[0];
    expect(store.state).toBe('half-open');
    answers[2]?.(false);
    await probe;
    expect(store.state).toBe('closed');
  });
});

import { AsyncLocalStorage } from 'node:async_hooks';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { Background } from '../../src/core/background.ts';

const settle = () => virtualClock().settle();

describe('background work', () => {
  it('runs in the async context of whoever made the object, time after time', async () => {
    const store = new AsyncLocalStorage<string>();
    const background = store.run('creator', () => new Background());
    const seen: unknown[] = [];
    for (const caller of ['A', 'B', 'C']) {
      store.run(caller, () => background.run(() => seen.push(store.getStore())));
      await settle();
    }
    expect(seen).toEqual(['creator', 'creator', 'creator']);
  });

  it('runs soon, not at once, and in order, also what a job asks for', async () => {
    const background = new Background();
    const order: string[] = [];
    background.run(() => {
      order.push('a');
      background.run(() => order.push('c'));
    });
    background.run(() => order.push('b'));
    expect(order).toEqual([]);
    await settle();
    expect(order).toEqual(['a', 'b', 'c']);
    background.run(() => order.push('d'));
    await settle();
    expect(order).toEqual(['a', 'b', 'c', 'd']);
  });
});

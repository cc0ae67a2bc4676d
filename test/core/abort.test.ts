import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  type AbortHook,
  type AbortSource,
  abortAll,
  followSignal,
  hookOf,
  link,
  unlink,
} from '../../src/core/abort.ts';

function source() {
  const idle = vi.fn();
  return { head: undefined as AbortHook | undefined, idle } satisfies AbortSource;
}

/** Hooks that write their name into `told`. */
function hooks(names: string, told: string[]): AbortHook[] {
  return names.split('').map((name) => hookOf((reason) => told.push(`${name}:${String(reason)}`)));
}

describe('a list of abort hooks', () => {
  it('tells every hook the reason once, newest first', () => {
    const told: string[] = [];
    const list = source();
    for (const hook of hooks('abc', told)) link(list, hook);
    abortAll(list, 'why');
    abortAll(list, 'again');
    expect(told).toEqual(['c:why', 'b:why', 'a:why']);
    expect(list.head).toBeUndefined();
  });

  it.each([0, 1, 2])('forgets hook %i of three, wherever it stands', (gone) => {
    const told: string[] = [];
    const list = source();
    const three = hooks('abc', told);
    for (const hook of three) link(list, hook);
    unlink(three[gone] as AbortHook);
    abortAll(list, 'x');
    expect(told).toEqual(['c:x', 'b:x', 'a:x'].filter((_, index) => index !== 2 - gone));
  });

  it('leaves an unlinked hook without any link, and takes a second unlink as nothing', () => {
    const list = source();
    const [a, b] = hooks('ab', []) as [AbortHook, AbortHook];
    link(list, a);
    link(list, b);
    unlink(b);
    unlink(b);
    expect(b).toMatchObject({ prev: undefined, next: undefined, owner: undefined });
    expect(list.head).toBe(a);
    expect(list.idle).not.toHaveBeenCalled();
  });

  it('says that it is idle once, when the last hook leaves', () => {
    const list = source();
    const [a, b] = hooks('ab', []) as [AbortHook, AbortHook];
    link(list, a);
    link(list, b);
    unlink(a);
    expect(list.idle).not.toHaveBeenCalled();
    unlink(b);
    unlink(b);
    expect(list.idle).toHaveBeenCalledTimes(1);
  });

  it('tells a hook that is added during the abort, and not one that is taken out during it', () => {
    const told: string[] = [];
    const list = source();
    const [first, late] = hooks('fl', told) as [AbortHook, AbortHook];
    const meddler = hookOf(() => {
      unlink(first);
      link(list, late);
    });
    link(list, first);
    link(list, meddler);
    abortAll(list, 'x');
    expect(told).toEqual(['l:x']);
  });

  it('holds exactly those that were linked and not unlinked, in any order of doing so', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(7)), { maxLength: 60 }), (steps) => {
        const list = source();
        const told: number[] = [];
        const all = Array.from({ length: 8 }, (_, index) => hookOf(() => void told.push(index)));
        let model: number[] = [];
        for (const [add, index] of steps) {
          const hook = all[index] as AbortHook;
          if (add && hook.owner === undefined) {
            link(list, hook);
            model.unshift(index);
          } else if (!add) {
            unlink(hook);
            model = model.filter((one) => one !== index);
          }
        }
        abortAll(list, 'x');
        expect(told).toEqual(model);
      }),
    );
  });
});

describe('following a signal', () => {
  it('keeps one listener for any number of hooks, and none once all have left', () => {
    const caller = new AbortController();
    const many = hooks('abcdefghijklmnop', []);
    for (const hook of many) followSignal(caller.signal, hook);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
    for (const hook of many) unlink(hook);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('listens again for a hook that comes after all have left', () => {
    const caller = new AbortController();
    const told: string[] = [];
    const [a, b] = hooks('ab', told) as [AbortHook, AbortHook];
    followSignal(caller.signal, a);
    unlink(a);
    followSignal(caller.signal, b);
    caller.abort('why');
    expect(told).toEqual(['b:why']);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });
});

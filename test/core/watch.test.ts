import { TimeoutError } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { Call } from '../../src/core/call.ts';
import { Context } from '../../src/core/context.ts';
import { judge } from '../../src/core/judge.ts';
import type { Classify, Outcome } from '../../src/core/outcome.ts';
import { Scope } from '../../src/core/scope.ts';
import { Watch } from '../../src/core/watch.ts';

function setup(classify?: Classify) {
  const clock = virtualClock();
  const scope = new Scope(clock, Infinity);
  const context = new Context(new Call(clock, undefined), scope, 1, undefined);
  const heard: unknown[] = [];
  const ended = vi.fn((token: string, outcome: Outcome, failed: boolean, result: unknown) =>
    heard.push([token, outcome.kind, failed, result]),
  );
  const watch = new Watch(context, classify, { ended }, 'token');
  return { clock, scope, context, heard, watch };
}

describe('a watch', () => {
  it('hears once that work was answered, and leaves the scope', async () => {
    const { scope, heard, watch } = setup();
    expect(await watch.follow(Promise.resolve(7))).toBe(7);
    expect(scope.head).toBeUndefined();
    scope.abort('late');
    expect(heard).toEqual([['token', 'success', false, 7]]);
  });

  it('hears once that work failed, and hands the very error on', async () => {
    const { scope, heard, watch } = setup();
    const boom = new Error('boom');
    await expect(watch.follow(Promise.reject(boom))).rejects.toBe(boom);
    scope.abort('late');
    expect(heard).toEqual([['token', 'failure', true, boom]]);
  });

  it('hears of the abort at once, and not again when the work settles after all', async () => {
    for (const late of [() => Promise.resolve(7), () => Promise.reject(new Error('late'))]) {
      const { clock, scope, heard, watch } = setup();
      let begin: () => void = () => {};
      const work = watch.follow(new Promise<void>((resolve) => (begin = resolve)).then(late));
      scope.abort('left');
      expect(heard).toEqual([['token', 'ignored', true, 'left']]);
      begin();
      await work.catch(() => {});
      await clock.settle();
      expect(heard).toHaveLength(1);
    }
  });

  it('hears of lost time as a failure', () => {
    const { scope, heard, watch } = setup();
    void watch.follow(new Promise(() => {}));
    const reason = new TimeoutError(5);
    scope.abort(reason);
    expect(heard).toEqual([['token', 'failure', true, reason]]);
  });

  it('hears at once where the call was aborted before', () => {
    const clock = virtualClock();
    const scope = new Scope(clock, Infinity);
    scope.abort('before');
    const ended = vi.fn();
    void new Watch(new Context(new Call(clock, undefined), scope, 1, undefined), undefined, { ended }, 1);
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it('still has late work judged, for an outer layer that asks for the verdict on it', async () => {
    const { scope, context, watch } = setup(() => 'overload');
    const value = { late: true };
    const work = watch.follow(Promise.resolve(value));
    scope.abort('left');
    await work;
    expect(judge(context, undefined, false, value).kind).toBe('overload');
  });

  it('needs no scope', async () => {
    const ended = vi.fn();
    const context = new Context(new Call(virtualClock(), undefined), undefined, 1, undefined);
    await new Watch(context, undefined, { ended }, 1).follow(Promise.resolve(7));
    expect(ended).toHaveBeenCalledTimes(1);
  });
});

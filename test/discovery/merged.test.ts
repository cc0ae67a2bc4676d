import { endpoint } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import type { Follower } from '../../src/core/endpoint-source.ts';
import { merged, polling, staticEndpoints } from '../../src/discovery/index.ts';
import { followed, handSource } from './kit.ts';

const found =
  (...ids: string[]) =>
  (follower: Follower<string>) =>
    follower.found(ids.map((id) => endpoint(id)));

async function two() {
  const clock = virtualClock();
  const [first, second] = [handSource<string>(), handSource<string>()];
  const source = merged<string>([first, second], { clock });
  const one = followed(source);
  await clock.settle();
  return { clock, first, second, source, one };
}

describe('merged sources', () => {
  it('are the union of what each knows', async () => {
    const { first, second, one } = await two();
    first.say(found('a', 'b'));
    second.say(found('b', 'c'));
    second.say(found('c'));
    first.say(found('b'));
    expect(one.heard).toEqual(['a b', 'a b c', 'b c']);
  });

  it('describe an endpoint as the earlier source does', async () => {
    const { first, second, one } = await two();
    second.say((follower) => follower.found([endpoint('a', { weight: 2 })]));
    expect(one.endpoints[0]?.weight).toBe(2);
    first.say((follower) => follower.found([endpoint('a', { weight: 3 })]));
    expect(one.endpoints[0]?.weight).toBe(3);
    first.say((follower) => follower.lost());
    expect(one.endpoints[0]?.weight).toBe(2);
  });

  it('tell what all knew already as one answer', async () => {
    const clock = virtualClock();
    const one = followed(merged([staticEndpoints(['a']), staticEndpoints(['b'])], { clock }));
    await clock.settle();
    expect(one.heard).toEqual(['a b']);
  });

  it('are stale while one of them fails, and keep what it found', async () => {
    const { first, second, one, source } = await two();
    first.say(found('a'));
    second.say(found('b'));
    second.say((follower) => follower.failed(new Error('down')));
    expect(source.snapshot()).toMatchObject({ state: 'stale' });
    first.say(found('c'));
    expect(one.heard).toEqual(['a', 'a b', '! down', 'c b', '! down']);
    expect(source.snapshot().state).toBe('stale');
    second.say(found('b'));
    expect(one.heard.at(-1)).toBe('c b');
    expect(source.snapshot()).toMatchObject({ state: 'fresh', lastError: undefined });
  });

  it('are lost when all of them are', async () => {
    const { first, second, one, source } = await two();
    first.say(found('a'));
    second.say(found('b'));
    first.say((follower) => follower.failed(new Error('down')));
    first.say((follower) => follower.lost());
    expect(one.heard.slice(-2)).toEqual(['b', '! down']);
    second.say((follower) => follower.lost());
    expect(one.heard.slice(-2)).toEqual(['lost', '! down']);
    expect(source.snapshot().state).toBe('lost');
  });

  it('fail while no source has ever answered', async () => {
    const { first, one, source } = await two();
    first.say((follower) => follower.failed(new Error('down')));
    expect(one.heard).toEqual(['! down']);
    expect(source.snapshot().state).toBe('waiting');
  });

  it('are as old as their oldest part', async () => {
    const clock = virtualClock();
    const [slow, quick] = [10_000, 1000].map((intervalMs) =>
      polling({ list: async () => [String(intervalMs)], intervalMs, jitter: 0, clock }),
    );
    const source = merged([quick, slow] as never, { clock });
    expect(source.snapshot().ageMs).toBe(undefined);
    followed(source);
    await clock.advance(9500);
    expect(source.snapshot()).toMatchObject({ state: 'fresh', ageMs: 9500 });
    await clock.advance(1000);
    expect(source.snapshot()).toMatchObject({ state: 'fresh', ageMs: 500 });
    const own = merged([handSource<string>()], { clock });
    expect(own.snapshot().ageMs).toBe(undefined);
  });

  it('stop following all with the last follower', async () => {
    const { clock, first, second, one } = await two();
    expect([first.followers.length, second.followers.length]).toEqual([1, 1]);
    one.stop();
    expect([first.followers.length, second.followers.length]).toEqual([0, 0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuse what is no list of sources', () => {
    expect(() => merged([])).toThrow(/merged: sources must be a list of at least one source/);
    expect(() => merged([{} as never])).toThrow(/merged: sources/);
  });
});

describe('static endpoints', () => {
  it('are told at once, and always fresh', () => {
    const source = staticEndpoints(['a', endpoint('b', { weight: 2 })]);
    const one = followed(source);
    expect(one.heard).toEqual(['a b']);
    expect(source.snapshot()).toMatchObject({ ageMs: 0, state: 'fresh', lastError: undefined });
    one.stop();
    source[Symbol.dispose]();
  });

  it('bear a follower that throws', () => {
    const follower = {
      found: () => {
        throw new Error('of the follower');
      },
      failed: () => {},
      lost: () => {},
    };
    expect(() => staticEndpoints(['a']).follow(follower)).not.toThrow();
    expect(() => staticEndpoints(['a']).follow(undefined as never)).toThrow(/follower must be/);
  });

  it('are at least one, each once', () => {
    expect(() => staticEndpoints([])).toThrow(/staticEndpoints: endpoints must be/);
    expect(() => staticEndpoints(['a', 'a'])).toThrow(/each endpoint is there once/);
  });
});

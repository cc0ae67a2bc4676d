import { isTimeoutError, type ObserverEvent } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { endpoint } from '../../src/core/endpoint.ts';
import type { EndpointSource, Follower } from '../../src/core/endpoint-source.ts';
import { Child } from '../../src/discovery/child.ts';
import { polling, ranked, staticEndpoints } from '../../src/discovery/index.ts';
import { followed, handSource, idsOf } from './kit.ts';

const found =
  (...ids: string[]) =>
  (follower: Follower<string>) =>
    follower.found(ids.map((id) => endpoint(id)));
const failed = (message: string) => (follower: Follower<string>) => follower.failed(new Error(message));
const lost = (follower: Follower<string>) => follower.lost();

function three(waitMs?: number) {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const [first, second, third] = [handSource<string>(), handSource<string>(), handSource<string>()];
  const source = ranked<string>([first, second, third], {
    clock,
    observer: (event) => events.push(event),
    ...(waitMs === undefined ? {} : { waitMs }),
  });
  const live = () => [first, second, third].map(({ followers }) => followers.length).join('');
  const switches = () =>
    events.filter(({ type }) => type === 'switched').map(({ from, to }) => `${String(from)}>${String(to)}`);
  return { clock, events, first, second, third, source, live, switches };
}

describe('ranked sources', () => {
  it('use the first one, and leave the others alone', async () => {
    const { clock, first, source, live, switches } = three();
    const one = followed(source);
    await clock.settle();
    expect(live()).toBe('100');
    first.say(found('a'));
    expect(one.heard).toEqual(['a']);
    await clock.advance(60_000);
    expect(live()).toBe('100');
    first.say(found('a', 'b'));
    first.say(failed('down'));
    first.say(found('a', 'b'));
    expect(one.heard).toEqual(['a', 'a b', '! down', 'a b']);
    expect(switches()).toEqual(['undefined>1']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('fall to the next when the better one fails before its first answer, and go back', async () => {
    const { clock, first, second, source, live, switches } = three();
    const one = followed(source);
    await clock.settle();
    first.say(failed('down'));
    expect(live()).toBe('110');
    second.say(found('x'));
    first.say(failed('still down'));
    second.say(failed('second is down'));
    expect(one.heard).toEqual(['x', '! second is down']);
    first.say(found('a'));
    expect(one.heard.at(-1)).toBe('a');
    expect(live()).toBe('100');
    expect(switches()).toEqual(['undefined>2', '2>1']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('fall to the next when the better one takes too long, and no sooner', async () => {
    const { clock, first, second, third, source, live } = three(1000);
    const one = followed(source);
    await clock.advance(999);
    expect(live()).toBe('100');
    await clock.advance(1);
    expect(live()).toBe('110');
    await clock.advance(1000);
    expect(live()).toBe('111');
    third.say(found('z'));
    second.say(found('y'));
    expect(live()).toBe('110');
    first.say(found('x'));
    expect(one.heard).toEqual(['z', 'y', 'x']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('fall to the next when the better one is lost, without a moment in which nobody is known', async () => {
    const { clock, first, second, source, live } = three();
    const one = followed(source);
    await clock.settle();
    first.say(found('a'));
    first.say(lost);
    expect(live()).toBe('110');
    expect(one.heard).toEqual(['a']);
    second.say(found('x'));
    expect(one.heard).toEqual(['a', 'x']);
  });

  it('are lost when all are, and say why', async () => {
    const { clock, first, second, third, source, switches } = three();
    const one = followed(source);
    await clock.settle();
    first.say(found('a'));
    first.say(lost);
    second.say(failed('second'));
    expect(one.heard).toEqual(['a']);
    third.say(failed('third'));
    expect(one.heard).toEqual(['a', 'lost', '! third']);
    expect(source.snapshot()).toMatchObject({ state: 'lost' });
    first.say(failed('first'));
    expect(one.heard.at(-1)).toBe('! first');
    second.say(found('x'));
    expect(one.heard.at(-1)).toBe('x');
    expect(switches()).toEqual(['undefined>1', '1>undefined', 'undefined>2']);
  });

  it('tell of no failure while one of them may still answer', async () => {
    const { clock, first, second, third, source } = three(1000);
    const one = followed(source);
    await clock.settle();
    first.say(failed('first'));
    second.say(failed('second'));
    expect(one.heard).toEqual([]);
    expect(third.followers).toHaveLength(1);
    await clock.advance(1000);
    expect(one.heard).toEqual([
      expect.stringMatching(/first answer of a source did not settle within 1000 ms/),
    ]);
    expect(isTimeoutError(source.snapshot().lastError)).toBe(true);
  });

  it('take what a source says at once', async () => {
    const clock = virtualClock();
    const nobody: EndpointSource<string> = {
      follow: (follower) => {
        follower.failed(new Error('at once'));
        return () => {};
      },
    };
    const one = followed(ranked([nobody, staticEndpoints(['x'])], { clock }));
    await clock.settle();
    expect(one.heard).toEqual(['x']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('bear a source that throws when it is followed', async () => {
    const clock = virtualClock();
    const broken: EndpointSource<string> = {
      follow: () => {
        throw new Error('broken');
      },
    };
    const one = followed(ranked([broken, staticEndpoints(['x'])], { clock }));
    await clock.settle();
    expect(one.heard).toEqual(['x']);
  });

  it('say of each failure only that, though what was found still holds', async () => {
    const { clock, first, source } = three();
    const one = followed(source);
    await clock.settle();
    first.say(found('a'));
    first.say(failed('once'));
    first.say(failed('twice'));
    expect(one.heard).toEqual(['a', '! once', '! twice']);
    expect(source.snapshot().state).toBe('stale');
  });

  it('keep what they knew while they begin again', async () => {
    const { clock, first, second, third, source } = three();
    const one = followed(source);
    await clock.settle();
    first.say(found('a'));
    one.stop();
    const two = followed(source);
    await clock.settle();
    expect(two.heard).toEqual(['a']);
    for (const child of [first, second, third]) child.say(failed('down'));
    expect(two.heard).toEqual(['a', '! down']);
    expect(idsOf(source)).toBe('a');
  });

  it('stop a source that is left in the middle of being followed', () => {
    const stopped = vi.fn();
    const source: EndpointSource<string> = {
      follow: (follower) => {
        follower.found([endpoint('a')]);
        return stopped;
      },
    };
    const child = new Child(source, () => child.end());
    child.begin();
    expect(stopped).toHaveBeenCalledTimes(1);
    child.end();
    expect(stopped).toHaveBeenCalledTimes(1);
  });

  it('are deaf to a source that speaks after it was left', async () => {
    const { clock, first, second, source } = three();
    const one = followed(source);
    await clock.settle();
    first.say(failed('down'));
    const [late] = second.followers;
    first.say(found('a'));
    late?.found([endpoint('late')]);
    late?.failed(new Error('late'));
    late?.lost();
    expect(one.heard).toEqual(['a']);
  });

  it('stop following all with the last follower', async () => {
    const { clock, first, source, live } = three();
    const one = followed(source);
    await clock.settle();
    first.say(failed('down'));
    expect(live()).toBe('110');
    one.stop();
    expect(live()).toBe('000');
    expect(clock.pendingTimers).toBe(0);
    followed(source);
    await clock.settle();
    expect(live()).toBe('100');
    source.dispose();
    expect(live()).toBe('000');
  });

  it('show the snapshot of the one in use', async () => {
    const clock = virtualClock();
    let answer: () => Promise<string[]> = async () => ['a'];
    const registry = polling<string>({
      list: () => answer(),
      intervalMs: 1000,
      maxAgeMs: 10_000,
      jitter: 0,
      clock,
    });
    const source = ranked([registry, staticEndpoints(['x'])], { clock });
    expect(source.snapshot().state).toBe('idle');
    followed(source);
    await clock.advance(2500);
    // Not the age of the last change: the registry answers the same all the time.
    expect(source.snapshot()).toMatchObject({ state: 'fresh', ageMs: 500 });
    answer = () => Promise.reject(new Error('down'));
    await clock.advance(5000);
    expect(source.snapshot()).toMatchObject({ state: 'stale', ageMs: 5500 });
    expect(idsOf(source)).toBe('a');
    await clock.advance(4500);
    expect(source.snapshot()).toMatchObject({ state: 'fresh', ageMs: 0 });
    expect(idsOf(source)).toBe('x');
    answer = async () => ['b'];
    await clock.advance(2000);
    expect(idsOf(source)).toBe('b');
  });

  it.each([
    [[], {}, /ranked: sources must be a list of at least one source/],
    [['a'], {}, /ranked: sources must be/],
    [[staticEndpoints(['a'])], { waitMs: 0 }, /ranked: waitMs must be/],
  ])('refuse %j, %j', (sources, options, message) => {
    expect(() => ranked(sources as never, options)).toThrow(message);
  });
});

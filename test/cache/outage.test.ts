import { type CallContext, isTimeoutError } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { bench, fill, standing } from './kit.ts';

const boom = new Error('boom');
const outage = { staleIfErrorMs: 10_000, refreshBackoffMs: 1000 };

describe('stale if error', () => {
  it('serves stale with the error in sight when the load fails', async () => {
    const { clock, origin, users } = bench(outage);
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    const value = users.get('a');
    const full = users.lookup('a');
    expect(await standing(value)).toBe('pending');
    await clock.advance(7);
    origin.next().reject(boom);
    expect(await value).toBe('one');
    expect(await full).toEqual({ value: 'one', state: 'stale', ageMs: 107, error: boom });
    expect(users.snapshot().staleServed).toMatchObject({ error: 2 });
  });

  it('tries again only after a pause that doubles, and meanwhile serves stale at once', async () => {
    const { clock, origin, users } = bench({ ...outage, random: () => 0 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    for (const pauseMs of [1000, 2000, 4000]) {
      const answer = users.get('a');
      origin.next().reject(boom);
      expect(await answer).toBe('one');
      for (let n = 0; n < 50; n++) expect(await users.get('a')).toBe('one');
      expect(await users.lookup('a')).toMatchObject({ state: 'stale', error: boom });
      await clock.advance(pauseMs - 1);
      expect(await users.get('a')).toBe('one');
      expect(origin.waiting).toBe(0);
      await clock.advance(1);
    }
    expect(users.snapshot()).toMatchObject({ loads: 4, staleServed: { error: 3, backoff: 156 } });
  });

  it('forgets the pause after a success', async () => {
    const { clock, origin, users } = bench({ ...outage, random: () => 0 });
    await fill({ origin, users }, 'a', 'one');
    const fail = async (): Promise<void> => {
      const answer = users.get('a');
      origin.next().reject(boom);
      await answer;
    };
    await clock.advance(100);
    await fail();
    await clock.advance(1000);
    await fail();
    await clock.advance(2000);
    await fill({ origin, users }, 'a', 'two');
    expect(await users.lookup('a')).toEqual({ value: 'two', state: 'fresh', ageMs: 0 });
    await clock.advance(100);
    await fail();
    await clock.advance(1000);
    void users.get('a');
    expect(origin.waiting).toBe(1);
  });

  it('holds back refreshes in the background too', async () => {
    const { clock, origin, users } = bench({ staleWhileRevalidateMs: 5000, refreshBackoffMs: 1000 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    for (let n = 0; n < 10; n++) {
      expect(await users.get('a')).toBe('one');
      await clock.settle();
      if (origin.waiting > 0) origin.next().reject(boom);
      await clock.settle();
    }
    expect(origin.requests).toHaveLength(2);
  });

  it('serves nothing beyond the window, however often the load has failed within it', async () => {
    const { clock, origin, users } = bench({ staleIfErrorMs: 300, refreshBackoffMs: 100, random: () => 0 });
    await fill({ origin, users }, 'a', 'one');
    let servedMs = 0;
    for (let n = 0; n < 60; n++) {
      await clock.advance(10);
      const answer = standing(users.lookup('a'));
      if (origin.waiting > 0) origin.next().reject(boom);
      const seen = (await answer) as { state?: string; ageMs: number; rejected?: unknown };
      if (seen.state !== undefined) servedMs = seen.ageMs;
      else expect(seen).toEqual({ rejected: boom });
    }
    expect(servedMs).toBe(390);
  });

  it('rejects when the window closes while the load runs', async () => {
    const { clock, origin, users } = bench({ staleIfErrorMs: 50 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(120);
    const answer = users.get('a').catch((error: unknown) => error);
    await clock.advance(30);
    origin.next().reject(boom);
    expect(await answer).toBe(boom);
  });

  it('does not let a remembered pause refuse callers when nothing stale is left', async () => {
    const { clock, origin, users } = bench({ staleIfErrorMs: 50, refreshBackoffMs: 60_000 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(120);
    const answer = users.get('a');
    origin.next().reject(boom);
    await answer;
    await clock.advance(30);
    await fill({ origin, users }, 'a', 'two');
    expect(await users.get('a')).toBe('two');
  });
});

describe('the soft timeout', () => {
  const soft = { staleIfErrorMs: 10_000, softTimeoutMs: 20 };

  it('serves stale when the load takes longer, and stores what the load brings', async () => {
    const { clock, origin, users } = bench(soft);
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    const value = users.get('a');
    const full = users.lookup('a');
    await clock.advance(19);
    expect(await standing(value)).toBe('pending');
    await clock.advance(1);
    expect(await value).toBe('one');
    const seen = await full;
    expect(seen).toMatchObject({ value: 'one', state: 'stale', ageMs: 120 });
    expect(isTimeoutError(seen.error)).toBe(true);
    await clock.advance(5);
    expect(await users.get('a')).toBe('one');
    expect(users.snapshot()).toMatchObject({ staleServed: { timeout: 3 }, misses: 2, coalesced: 1 });
    origin.next().resolve('two');
    await clock.settle();
    expect(await users.lookup('a')).toEqual({ value: 'two', state: 'fresh', ageMs: 25 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives way to a load that is in time, or fails in time', async () => {
    const { clock, origin, users } = bench(soft);
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    const quick = users.lookup('a');
    await clock.advance(3);
    origin.next().resolve('two');
    expect(await quick).toEqual({ value: 'two', state: 'loaded', ageMs: 3 });
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(100);
    const failing = users.lookup('a');
    origin.next().reject(boom);
    expect(await failing).toMatchObject({ value: 'two', state: 'stale', error: boom });
    expect(clock.pendingTimers).toBe(0);
  });

  it('does nothing where there is nothing stale', async () => {
    const { clock, origin, users } = bench(soft);
    const cold = users.get('a');
    await clock.advance(1000);
    expect(await standing(cold)).toBe('pending');
    origin.next().resolve('one');
    expect(await cold).toBe('one');
  });

  it('waits on when the stale value is deleted meanwhile', async () => {
    const { clock, origin, users } = bench(soft);
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    const answer = users.get('a');
    users.delete('a');
    await clock.advance(500);
    expect(await standing(answer)).toBe('pending');
    origin.next().resolve('two');
    expect(await answer).toBe('two');
    expect(users.peek('a')).toBeUndefined();
  });

  it('leaves no unhandled rejection when the load fails after everybody was served', async () => {
    const { clock, origin, users } = bench({ staleIfErrorMs: 50, softTimeoutMs: 0 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    expect(await users.get('a')).toBe('one');
    await clock.advance(60);
    origin.next().reject(boom);
    await clock.settle();
    expect(users.snapshot().failures).toBe(1);
  });
});

describe('the hard timeout', () => {
  it('fails a load that is stuck, aborts its signal, and lets the next caller load', async () => {
    const { clock, origin, users } = bench({ hardTimeoutMs: 200 });
    const answer = users.get('a').catch((error: unknown) => error);
    const stuck = origin.next();
    const { signal } = stuck.options as CallContext;
    await clock.advance(200);
    expect(await answer).toMatchObject({ name: 'TimeoutError', timeoutMs: 200 });
    expect(signal.aborted).toBe(true);
    await fill({ origin, users }, 'a', 'new');
    stuck.resolve('late');
    await clock.settle();
    expect(await users.get('a')).toBe('new');
    expect(users.snapshot()).toMatchObject({ failures: 1, loading: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('hears no late rejection', async () => {
    const { clock, origin, users } = bench({ hardTimeoutMs: 200, staleIfErrorMs: 10_000 });
    const answer = users.get('a').catch((error: unknown) => error);
    await clock.advance(200);
    await answer;
    users.set('a', 'one');
    origin.next().reject(boom);
    await clock.advance(100);
    expect(users.snapshot()).toMatchObject({ failures: 1, loading: 0 });
    void users.get('a');
    expect(origin.waiting).toBe(1);
  });

  it('is a failure like any other where there is something stale', async () => {
    const { clock, origin, users } = bench({ hardTimeoutMs: 200, staleIfErrorMs: 10_000 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    const answer = users.lookup('a');
    await clock.advance(200);
    expect(await answer).toMatchObject({ value: 'one', state: 'stale' });
    expect(isTimeoutError((await answer).error)).toBe(true);
    expect(await users.get('a')).toBe('one');
    expect(origin.requests).toHaveLength(2);
  });

  it('can be left out', async () => {
    const { clock, users } = bench({ hardTimeoutMs: Infinity });
    const answer = users.get('a');
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10 ** 9);
    expect(await standing(answer)).toBe('pending');
  });
});

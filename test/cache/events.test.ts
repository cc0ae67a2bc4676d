import type { ObserverEvent } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { bench, fill } from './kit.ts';

describe('the events of a cache', () => {
  it('tell of every decision but hits, with facts and reasons, and of no key or value', async () => {
    const events: ObserverEvent[] = [];
    const { clock, origin, users } = bench({
      observer: (event) => events.push(event),
      name: 'users',
      staleWhileRevalidateMs: 50,
      staleIfErrorMs: 1000,
      refreshBackoffMs: 30,
      maxEntries: 2,
      maxLoads: 1,
      maxQueuedLoads: 0,
    });
    const boom = new Error('secret-error');
    await fill({ origin, users }, 'secret-key', 'secret-value');
    await users.get('secret-key');
    await clock.advance(100);
    await users.get('secret-key');
    await clock.settle();
    origin.next().reject(boom);
    await clock.settle();
    await users.get('secret-key');
    await clock.advance(60);
    const slow = users.get('secret-key');
    await clock.advance(5);
    origin.next().reject(boom);
    await slow;
    const fenced = users.get('b');
    await users.get('c').catch(() => {});
    users.delete('b');
    origin.next().resolve('late');
    await fenced;
    users.set('d', '');
    users.set('e', '');
    const told = events.map(({ room, name, ...facts }) => {
      expect([room, name]).toEqual(['cache', 'users']);
      return facts;
    });
    expect(told).toEqual([
      { type: 'loaded', background: false, durationMs: 0 },
      { type: 'stale-served', reason: 'revalidate', ageMs: 100, callers: 1 },
      { type: 'load-failed', background: true, durationMs: 0 },
      { type: 'refresh-backoff', failures: 1, pauseMs: 30 },
      { type: 'stale-served', reason: 'backoff', ageMs: 100, callers: 1 },
      { type: 'load-failed', background: false, durationMs: 5 },
      { type: 'refresh-backoff', failures: 2, pauseMs: expect.any(Number) },
      { type: 'stale-served', reason: 'error', ageMs: 165, callers: 1 },
      { type: 'refused', running: 1, queued: 0 },
      { type: 'loaded', background: false, durationMs: 0 },
      { type: 'fenced', by: 'delete' },
      { type: 'evicted', maxEntries: 2 },
    ]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('cannot break a call, whatever the observer throws', async () => {
    const { origin, users } = bench({
      observer: () => {
        throw new Error('observer');
      },
    });
    await fill({ origin, users }, 'a', 'one');
    expect(await users.get('a')).toBe('one');
  });
});

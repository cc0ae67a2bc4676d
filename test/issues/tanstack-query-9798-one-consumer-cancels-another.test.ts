/**
 * TanStack Query 9798: one consumer that went away cancelled the request of another who waited for the same key. Here
 * that happens only when the last of them has gone, and only if it was asked for.
 */
import type { CallContext } from 'evenkeel';
import { coalescingCache } from 'evenkeel/cache';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it.each(['finish', 'abort'] as const)('goes on for those who stay, with %s', async (whenAbandoned) => {
  const origin = fakeTransport<string, string>();
  const cache = coalescingCache({ load: origin, ttlMs: 100, whenAbandoned, clock: virtualClock() });
  const [one, other] = [new AbortController(), new AbortController()];
  const left = cache.get('a', { signal: one.signal }).catch((error: unknown) => error);
  const stays = cache.get('a', { signal: other.signal });
  one.abort('gone');
  expect(await left).toBe('gone');
  const load = origin.next();
  expect((load.options as CallContext).signal.aborted).toBe(false);
  load.resolve('value');
  expect(await stays).toBe('value');
});

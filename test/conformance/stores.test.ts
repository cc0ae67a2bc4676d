/** The far stores that need no server, held to the suite that Redis is held to. */
import { sharded } from 'evenkeel/cache';
import { fakeStore, virtualClock } from 'evenkeel/testing';
import { Reporter } from '../../src/core/observer.ts';
import { GuardedStore } from '../../src/cache/tiers/guarded-store.ts';
import { storeSuite } from './store-suite.ts';

const still = { stop: () => {} };

storeSuite('for tests', () => {
  const clock = virtualClock();
  const shared = fakeStore({ clock });
  return { ...still, connect: () => shared.connect(), pass: (ms) => clock.advance(ms) };
});

storeSuite('in shards', () => {
  const clock = virtualClock();
  const parts = ['a', 'b', 'c'].map((name) => [name, fakeStore({ clock })] as const);
  const connect = () => sharded(Object.fromEntries(parts.map(([name, part]) => [name, part.connect()])), { clock });
  return { ...still, connect, pass: (ms) => clock.advance(ms) };
}); // prettier-ignore

storeSuite('behind a circuit', () => {
  const clock = virtualClock();
  const shared = fakeStore({ clock });
  const settings = { clock, reporter: new Reporter('cache', {}), timeoutMs: 100, failures: 5, openMs: 1000 };
  return { ...still, connect: () => new GuardedStore(shared.connect(), settings), pass: (ms) => clock.advance(ms) };
}); // prettier-ignore

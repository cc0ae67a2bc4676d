/** Whatever happens in whatever order, nothing stays in flight and nobody gets a call that it should not. */
import {
  balance,
  blueGreen,
  canary,
  consistentHash,
  explore,
  healthTracker,
  type Lease,
  leastPending,
  type Narrowing,
  p2c,
  peakEwma,
  type Picker,
  priorities,
  random,
  relativeLatency,
  reportedLoad,
  roundRobin,
  endpoint,
  slowStart,
  subset,
  weightedZones,
  zones,
} from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

const HOSTS = Array.from({ length: 8 }, (_, n) =>
  endpoint(`h${n}`, {
    zone: n % 2 === 0 ? 'even' : 'odd',
    priority: n % 3,
    weight: 1 + (n % 4),
    labels: { version: n === 7 ? 'canary' : 'stable' },
  }),
);

const PICKERS: readonly Picker[] = [p2c(), p2c({ choices: 4 }), roundRobin(), random(), consistentHash()];
const COSTS = [relativeLatency(), peakEwma(), leastPending(), reportedLoad()];
const NARROWINGS: readonly Narrowing[] = [
  subset({ size: 3, client: 'me' }),
  priorities({ exercise: 0.2 }),
  zones({ local: 'even' }),
  weightedZones({ weights: { even: 1, odd: 3 } }),
  canary({ share: 0.3, minimumCalls: 3 }),
  blueGreen({ active: 'stable' }),
  slowStart({ windowMs: 500 }),
  explore({ afterMs: 300 }),
];

const step = fc.oneof(
  fc.record({ do: fc.constant('call' as const), key: fc.option(fc.constantFrom('a', 'b', 'c')) }),
  fc.record({ do: fc.constant('answer' as const), nth: fc.nat(9), well: fc.boolean() }),
  fc.record({ do: fc.constant('abort' as const), nth: fc.nat(9) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 8000 }) }),
  fc.record({ do: fc.constant('update' as const), hosts: fc.subarray(HOSTS) }),
  fc.record({ do: fc.constant('lease' as const) }),
  fc.record({ do: fc.constant('release' as const), nth: fc.nat(4), well: fc.boolean() }),
  fc.record({ do: fc.constant('report' as const), load: fc.nat(100) }),
);

it('holds for any picker, cost and pipeline, and any order of events', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(...PICKERS),
      fc.constantFrom(...COSTS),
      fc.subarray([...NARROWINGS]),
      fc.integer(),
      async (steps, pick, cost, narrow, seed) => {
        const clock = virtualClock();
        const chance = seededRandom(seed);
        const health = healthTracker<string>({ clock, random: chance });
        let members = new Set(HOSTS.map(({ address }) => address));
        const waiting: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
        const callers: AbortController[] = [];
        const leases: Lease<string>[] = [];
        const call = balance<string, void, string>({
          endpoints: HOSTS,
          send: (host) => {
            expect(members.has(host)).toBe(true);
            return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
          },
          clock,
          random: chance,
          health,
          pick,
          cost,
          narrow,
        });
        const settled: Promise<unknown>[] = [];
        for (const one of steps) {
          if (one.do === 'call') {
            const caller = new AbortController();
            callers.push(caller);
            const answer = call(undefined, { signal: caller.signal, affinityKey: one.key ?? undefined });
            settled.push(answer.catch(() => {}));
          } else if (one.do === 'answer') {
            const [sent] = waiting.splice(one.nth % Math.max(1, waiting.length), 1);
            if (one.well) sent?.resolve('ok');
            else sent?.reject(new Error('down'));
            await clock.settle();
          } else if (one.do === 'abort') callers[one.nth % Math.max(1, callers.length)]?.abort('left');
          else if (one.do === 'wait') await clock.advance(one.ms);
          else if (one.do === 'update') {
            call.update(one.hosts);
            if (one.hosts.length > 0) members = new Set(one.hosts.map(({ address }) => address));
          } else if (one.do === 'lease') leases.push(call.lease());
          else if (one.do === 'release')
            leases[one.nth % Math.max(1, leases.length)]?.release(one.well ? 'success' : 'failure');
          else call.reportLoad('h1', one.load);
          for (const { pending, share, weight } of call.endpoints()) {
            expect(pending).toBeGreaterThanOrEqual(0);
            expect(share).toBeGreaterThanOrEqual(0);
            expect(share).toBeLessThanOrEqual(1);
            expect(weight).toBeGreaterThan(0);
          }
          for (const { cost: now } of call.explain().considered) expect(now).toBeGreaterThanOrEqual(0);
        }
        for (const { resolve } of waiting) resolve('late');
        for (const lease of leases) lease.release();
        await Promise.all(settled);
        expect(call.snapshot().inFlight).toBe(0);
        expect(call.endpoints().every(({ pending }) => pending === 0)).toBe(true);
        expect(await call.drain()).toBe(0);
        expect(clock.pendingTimers).toBe(0);
      },
    ),
    { numRuns: 300, seed: 7 },
  );
});

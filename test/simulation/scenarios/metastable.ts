/**
 * Three tiers, of which the last is slow for a minute. When the minute is over, is the trouble? What sustains it are
 * retries at each tier, and work for callers that have left (Bronson and others, "Metastable Failures in Distributed
 * Systems", HotOS 2021).
 */
import {
  anyOf,
  balance,
  type CallContext,
  circuitBreaker,
  consecutiveFailures,
  failureRate,
  pipe,
  resilient,
  retry,
  timeout,
  type Transport,
} from 'evenkeel';
import { exponential, type FleetClientKit, simulateFleet } from 'evenkeel/testing';
import { atLeast, atMost, each, type Check, type Scenario, servers } from '../scenario.ts';

const TIERS = ['a', 'b', 'c'] as const;
const [CLIENTS, SERVERS, SLOTS, SERVICE_MS, LOAD] = [100, 5, 16, 40, 0.7];
const [BEGIN_MS, END_MS, LAST_MS] = [30_000, 90_000, 150_000];
/** What the last tier's work takes longer in between. */
const SLOWER = 5;
const [CALL_MS, ATTEMPT_MS, ATTEMPTS] = [3000, 1000, 3];
/** What a budget lets each of its owners send beyond a fifth of its calls, in a window of 10 s. */
const [RATIO, FLOOR, WINDOW_S] = [0.2, 100, 10];

type Hop = Transport<void, unknown>;
type Guarding = (hop: Hop, kit: FleetClientKit<void>) => Hop;

const GUARDS: Readonly<Record<string, Guarding>> = {
  'three attempts at each tier': (hop, { clock, random }) =>
    pipe(
      hop,
      timeout({ timeoutMs: ATTEMPT_MS, clock }),
      retry({ maxAttempts: ATTEMPTS, budget: 'unlimited', clock, random }),
    ),
  'budgets, and a breaker at each tier': (hop, { clock, random }) =>
    pipe(
      hop,
      timeout({ timeoutMs: ATTEMPT_MS, clock }),
      circuitBreaker({ trip: anyOf(consecutiveFailures(), failureRate()), clock }),
      retry({ maxAttempts: ATTEMPTS, clock, random }),
      timeout({ timeoutMs: CALL_MS, clock }),
    ),
  'resilient() at each tier': (hop, { clock, random }) =>
    resilient({ timeoutMs: CALL_MS, attemptTimeoutMs: ATTEMPT_MS, maxAttempts: ATTEMPTS, clock, random })(
      hop,
    ),
};

/** What all owners of one kind have sent to a tier, second by second. */
class Tally {
  readonly #calls: number[] = [];
  readonly #sends: number[] = [];

  called(atMs: number): void {
    add(this.#calls, atMs);
  }

  sent(atMs: number): void {
    add(this.#sends, atMs);
  }

  /** The most that was sent in any window, over what budgets of so many owners allow; above 0 is too much. */
  excess(owners: number): number {
    let most = -Infinity;
    for (let from = 0; from + WINDOW_S <= this.#calls.length; from++) {
      const [calls, sends] = [this.#calls, this.#sends].map((counts) =>
        counts.slice(from, from + WINDOW_S).reduce((sum, count) => sum + (count ?? 0), 0),
      ) as [number, number];
      most = Math.max(most, sends - (1 + RATIO) * calls - FLOOR * owners);
    }
    return most;
  }
}

function add(counts: number[], atMs: number): void {
  const second = Math.floor(atMs / 1000);
  while (counts.length <= second) counts.push(0);
  counts[second] = (counts[second] ?? 0) + 1;
}

/** What a client calls: a hop to the first tier, whose servers call the second, and so on. */
function chain(guarded: Guarding, tallies: readonly Tally[]): (kit: FleetClientKit<void>) => Hop {
  // The stacks of servers are shared by all who call them, and made at their first call.
  const stacks = new Map<string, Hop>();
  const hopTo = (tier: number, kit: FleetClientKit<void>): Hop => {
    const { clock } = kit;
    const tally = tallies[tier] as Tally;
    const endpoints = kit.endpoints.filter(({ id }) => String(id).startsWith(TIERS[tier] as string));
    const balanced = balance<string>({
      endpoints,
      send: async (host, _request, context) => {
        tally.sent(clock.now());
        await kit.send(host, undefined, context);
        if (tier + 1 < TIERS.length) await serverOf(host, tier, kit, context);
      },
      clock,
      random: kit.random,
    });
    const call = guarded(balanced, kit);
    return (request, options) => {
      tally.called(clock.now());
      return call(request, options);
    };
  };
  const serverOf = async (
    host: string,
    tier: number,
    kit: FleetClientKit<void>,
    context: CallContext,
  ): Promise<void> => {
    let stack = stacks.get(host);
    if (stack === undefined) stacks.set(host, (stack = hopTo(tier + 1, kit)));
    try {
      await stack(undefined, context);
    } catch {
      // What went wrong further down is another process's error by the time it has come up.
      throw new Error('failed further down');
    }
  };
  return (kit) => hopTo(0, kit);
}

export const metastable: Scenario = {
  name: 'metastable',
  asks: 'The last of three tiers is five times slower for a minute: how soon after it is all well again?',
  reference: [
    'OSDI 2022: retries sustain more than half of metastable failures; they end by shedding load, or a restart',
    'wanted: 95 % of goodput within 30 s, without a restart; never more sent than 1.2 of the calls and the floor',
  ],
  // The comparison takes minutes of virtual time; who wants the default alone gets it alone.
  run: ({ seed, size, contenders }) =>
    each(Object.entries(GUARDS).slice(contenders.length > 1 ? 0 : -1), async ([who, guarded]) => {
      const tallies = TIERS.map(() => new Tally());
      const count = Math.max(1, Math.round(SERVERS * size));
      const clients = Math.max(1, Math.round(CLIENTS * size));
      const perSecond = (LOAD * count * SLOTS * 1000) / SERVICE_MS;
      const spec = {
        slots: SLOTS,
        serviceMs: exponential(SERVICE_MS),
        maxQueue: 500,
        abandoned: 'served',
      } as const;
      const report = await simulateFleet({
        seed,
        clients,
        durationMs: LAST_MS,
        bucketMs: 1000,
        servers: TIERS.flatMap((tier) =>
          servers(count, spec).map((one) => ({ ...one, id: `${tier}${one.id}` })),
        ),
        client: chain(guarded, tallies),
        arrivals: { perSecond },
        script: [
          [BEGIN_MS, SLOWER],
          [END_MS, 1],
        ].map(([atMs = 0, factor = 1]) => ({
          atMs,
          act: (fleet) => {
            for (let n = 0; n < count; n++) fleet.server(`cs${n}`).slow(factor);
          },
        })),
        windows: [
          [10_000, BEGIN_MS],
          [BEGIN_MS, END_MS],
          [END_MS + 30_000, LAST_MS],
        ],
      });
      const share = (at: number): number => {
        const { ok = 0, calls = 1 } = report.windows[at] ?? {};
        return (100 * ok) / calls;
      };
      const healthy = share(0) / 100;
      const owners = [clients, count, count];
      const excess = tallies.map((tally, tier) => tally.excess(owners[tier] as number));
      const recoveredS = recoveryS(report.timeline, healthy);
      const checks: Check[] = who.startsWith('resilient')
        ? [
            atMost('recovered after s', recoveredS, 30),
            atLeast('of goodput, from 30 s after it on %', share(2) / healthy, 95),
            atMost('sent beyond 1.2 of calls and the floor', Math.max(...excess), 0),
          ]
        : [];
      return {
        who,
        figures: {
          'answered before %': share(0),
          'during it %': share(1),
          'from 30 s after it on %': share(2),
          'recovered after s': recoveredS,
          'sent beyond 1.2 of calls and the floor': Math.max(...excess),
        },
        checks,
        report,
      };
    }),
};

/** Seconds after the trigger from which on every stretch of 5 s has 95 % of the goodput; `Infinity` if none. */
function recoveryS(
  timeline: readonly { readonly calls: number; readonly ok: number }[],
  healthy: number,
): number {
  let after = Infinity;
  for (let at = END_MS / 1000; at + 5 <= LAST_MS / 1000; at++) {
    const stretch = timeline.slice(at, at + 5);
    const [ok, calls] = [
      stretch.reduce((sum, one) => sum + one.ok, 0),
      stretch.reduce((sum, one) => sum + one.calls, 0),
    ];
    if (ok < 0.95 * healthy * calls) after = Infinity;
    else if (after === Infinity) after = at - END_MS / 1000;
  }
  return after;
}

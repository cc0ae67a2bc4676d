/** For half a minute 60 % of all requests fail after their work is done: do retries turn that into an outage? */
import { balance, pipe, retry, type RetryOptions, timeout } from 'evenkeel';
import { exponential, type FleetReply, simulateFleet } from 'evenkeel/testing';
import { atMost, each, type Check, type Scenario, servers } from '../scenario.ts';

const [SERVERS, SLOTS, SERVICE_MS, CLIENTS] = [10, 8, 20, 20];
const [BEGIN_MS, END_MS, LAST_MS] = [10_000, 40_000, 80_000];
const [FAILING, LOAD] = [0.6, 0.6];
const PER_SECOND = (LOAD * SERVERS * SLOTS * 1000) / SERVICE_MS;
/** What a budget lets through: a fifth of the calls, and 10 per second and client. */
const BUDGET = 0.2 + (10 * CLIENTS) / PER_SECOND;
/** And what it has saved up in the 10 s before. */
const ALLOWED = 1 + (BUDGET * (END_MS - BEGIN_MS + 10_000)) / (END_MS - BEGIN_MS);

const RULES: Readonly<Record<string, RetryOptions | undefined>> = {
  'no retries': undefined,
  'four attempts, no budget': { maxAttempts: 4, baseDelayMs: 10, budget: 'unlimited' },
  'four attempts, the default budget': { maxAttempts: 4, baseDelayMs: 10 },
};

export const retryStorm: Scenario = {
  name: 'retry-storm',
  asks: 'With 60 % of requests failing for 30 s, what do retries add, and does it end when the failures do?',
  reference: [
    'three attempts at five layers are 243 times the load (Builders’ Library); budgets bound it at 1.2 (Finagle)',
    'OSDI 2022 on metastable failures: retries sustain more than half of them',
  ],
  run: ({ seed }) =>
    each(Object.entries(RULES), async ([who, rule]) => {
      const report = await simulateFleet({
        seed,
        clients: CLIENTS,
        warmupMs: 2000,
        durationMs: LAST_MS,
        bucketMs: 1000,
        servers: servers(SERVERS, { slots: SLOTS, serviceMs: exponential(SERVICE_MS), abandoned: 'served' }),
        client: ({ endpoints, send, clock, random }) => {
          const startMs = clock.now() + 2000;
          const failing = (): boolean => {
            const atMs = clock.now() - startMs;
            return atMs >= BEGIN_MS && atMs < END_MS && random() < FAILING;
          };
          const attempt = pipe(
            balance<string, void, FleetReply>({
              endpoints,
              send: async (host, request, context) => {
                const reply = await send(host, request, context);
                if (failing()) throw new Error('failed');
                return reply;
              },
              clock,
              random,
            }),
            timeout({ timeoutMs: 300, clock }),
          );
          return rule === undefined ? attempt : retry({ ...rule, clock, random })(attempt);
        },
        arrivals: { perSecond: PER_SECOND },
        windows: [
          [BEGIN_MS, END_MS],
          [END_MS + 10_000, LAST_MS],
        ],
      });
      const [during, after] = report.windows;
      const perCall = (during?.attempts ?? 0) / (during?.calls ?? 1);
      const lost = (100 * (after?.failed ?? 0)) / (after?.calls ?? 1);
      const checks: Check[] = who.endsWith('default budget')
        ? [atMost('attempts per call', perCall, ALLOWED), atMost('failed after it %', lost, 5)]
        : [];
      return {
        who,
        figures: {
          'answered during it %': (100 * (during?.ok ?? 0)) / (during?.calls ?? 1),
          'attempts per call': perCall,
          'failed after it %': lost,
          'p99 during it ms': during?.latencyMs.p99 ?? Number.NaN,
        },
        checks,
        report,
      };
    }),
};

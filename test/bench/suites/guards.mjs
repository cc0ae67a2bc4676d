/** Each guard alone over the bare call, and four of them against cockatiel's same four. */
import * as cockatiel from 'cockatiel';
import { bulkhead, circuitBreaker, consecutiveFailures, pipe, retry, timeout } from 'evenkeel';
import { measure, overhead, report, row } from '../harness.mjs';

const work = async (n) => n;
const trip = consecutiveFailures({ failures: 5 });

const ours = pipe(
  work,
  timeout({ timeoutMs: 1000 }),
  bulkhead({ maxConcurrent: 100, maxQueue: 100 }),
  circuitBreaker({ trip }),
  retry({ maxAttempts: 3 }),
);

const handled = cockatiel.handleAll;
const theirs = cockatiel.wrap(
  cockatiel.retry(handled, { maxAttempts: 2, backoff: new cockatiel.ExponentialBackoff() }),
  cockatiel.circuitBreaker(handled, { halfOpenAfter: 10_000, breaker: new cockatiel.ConsecutiveBreaker(5) }),
  cockatiel.bulkhead(100, 100),
  cockatiel.timeout(1000, cockatiel.TimeoutStrategy.Aggressive),
);

const alone = {
  timeout: pipe(work, timeout({ timeoutMs: 1000 })),
  retry: pipe(work, retry()),
  circuitBreaker: pipe(work, circuitBreaker({ trip })),
  bulkhead: pipe(work, bulkhead({ maxConcurrent: 100 })),
};

const one = await measure({
  bare: (n) => work(n),
  ours: (n) => ours(n),
  theirs: (n) => theirs.execute(() => work(n)),
  ...Object.fromEntries(Object.entries(alone).map(([name, call]) => [name, (n) => call(n)])),
});

const FLIGHT = 50;
const fifty = (call) => (n) => Promise.all(Array.from({ length: FLIGHT }, (_, at) => call(n + at)));
const many = await measure(
  { bare: fifty(work), ours: fifty(ours), theirs: fifty((n) => theirs.execute(() => work(n))) },
  { calls: 400 },
);

report([
  row(
    'four guards one at a time, share of cockatiel’s four',
    one.ours / one.theirs,
    1 / 8,
    'ratio',
    `${one.ours.toFixed(2)} against ${one.theirs.toFixed(2)} µs`,
  ),
  row(
    'four guards, 50 in flight, share of cockatiel’s',
    many.ours / many.theirs,
    1 / 10,
    'ratio',
    `${(many.ours / FLIGHT).toFixed(2)} against ${(many.theirs / FLIGHT).toFixed(2)} µs`,
  ),
  overhead('timeout alone, on top of the bare call', one.timeout, one.bare, 1.1),
  overhead('retry alone', one.retry, one.bare, 0.25),
  overhead('circuitBreaker alone', one.circuitBreaker, one.bare, 0.25),
  overhead('bulkhead alone', one.bulkhead, one.bare, 0.25),
]);

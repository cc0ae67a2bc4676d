/** Each guard alone over the bare call, and four of them against cockatiel's same four. */
import * as cockatiel from 'cockatiel';
import { bulkhead, circuitBreaker, consecutiveFailures, failureRate, pipe, retry, timeout } from 'evenkeel';
import { measure, overhead, report, round, row } from '../harness.mjs';

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

// Failing: an error made beforehand, so that what is measured is not the making of errors.
const boom = new Error('boom');
const refusing = () => Promise.reject(boom);
const settled = (call) => (n) => call(n).then(undefined, () => n);
const never = consecutiveFailures({ failures: Infinity });
const failing = pipe(
  refusing,
  timeout({ timeoutMs: 1000 }),
  bulkhead({ maxConcurrent: 100, maxQueue: 100 }),
  circuitBreaker({ trip: never }),
  retry({ maxAttempts: 1 }),
);
const open = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 1e9 });
await open.run(refusing).catch(() => {});
// A window of 10 s that holds nothing yet, and one that 200 000 failures have gone into.
const window = () => circuitBreaker({ trip: failureRate({ rate: 1, minimumCalls: 1e9 }) });
const [fresh, full] = [window(), window()];
for (let n = 0; n < 200_000; n++) await full.run(refusing).catch(() => {});

const bad = await measure({
  bare: settled(work),
  bareFailure: settled(refusing),
  ours: settled(ours),
  failing: settled(failing),
  refused: settled(open(work)),
  fresh: settled(fresh(refusing)),
  full: settled(full(refusing)),
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
  row(
    'a refusal by an open breaker, on top of a call that fails by itself',
    bad.refused - bad.bareFailure,
    1,
    'µs',
    `${round(bad.refused)} µs in all; a failure by itself ${round(bad.bareFailure)}`,
  ),
  row(
    'a failing call through four guards, in times of one that succeeds',
    bad.failing / bad.ours,
    3,
    'ratio',
    `${round(bad.failing)} against ${round(bad.ours)} µs, bare ${round(bad.bareFailure)} against ${round(bad.bare)}`,
  ),
  row(
    'a failing call after 200 000 failures in the window, in times of a first one',
    bad.full / bad.fresh,
    1.5,
    'ratio',
    `${round(bad.full)} against ${round(bad.fresh)} µs`,
  ),
]);

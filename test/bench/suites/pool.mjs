/**
 * evenkeel's balancer against undici's BalancedPool over the same real loopback servers: both send by undici's
 * own Pool, read every body, have the same calls in flight, and no retries. Four servers answer after 2 ms; then
 * one of them is ten times slower, or fails at once, or is dead.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { balance, consecutiveFailures, endpoint, failureRate, healthTracker } from 'evenkeel';
import { BalancedPool, Pool } from 'undici';
import { median, report, row } from '../harness.mjs';

const [CALLS, FLIGHT, ROUNDS] = [1500, 32, 5];
const child = fork(fileURLToPath(new URL('../pool-servers.mjs', import.meta.url)), { execArgv: [] });
const [origins] = await once(child, 'message');
const dead = 'http://127.0.0.1:9';

const classify = (settled) =>
  settled.status === 'fulfilled' && settled.value.statusCode < 500 ? 'success' : 'failure';

function evenkeel(list) {
  const pools = list.map((origin) => new Pool(origin, { connections: FLIGHT }));
  const health = healthTracker({ detectors: [consecutiveFailures(), failureRate()] });
  const call = balance({
    endpoints: pools.map((pool, index) => endpoint(pool, { id: list[index] })),
    send: (pool, path, { signal }) => pool.request({ path, method: 'GET', signal }),
    completion: ({ body }, done) => body.once('close', () => done()),
    health,
    classify,
  });
  return { call: () => call('/'), close: () => Promise.all(pools.map((pool) => pool.destroy())) };
}

function undici(list) {
  const pool = new BalancedPool(list, { connections: FLIGHT });
  return { call: () => pool.request({ path: '/', method: 'GET' }), close: () => pool.destroy() };
}

/** Requests answered well per second, the 99th percentile of their times, and how many failed. */
async function load(make, list) {
  const { call, close } = make(list);
  const times = [];
  let [left, failed] = [CALLS, 0];
  const worker = async () => {
    while (left-- > 0) {
      const startMs = performance.now();
      try {
        const { statusCode, body } = await call();
        await body.text();
        if (statusCode >= 500) failed++;
      } catch {
        failed++;
      }
      times.push(performance.now() - startMs);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: FLIGHT }, worker));
  const perSecond = ((CALLS - failed) * 1000) / (performance.now() - startMs);
  await close();
  times.sort((a, b) => a - b);
  return { perSecond, p99: times[Math.floor(times.length * 0.99)], failed: (100 * failed) / CALLS };
}

const cases = {
  'all are well': [...origins.well],
  'one is 10 x slower': [...origins.well.slice(1), origins.slow],
  'one fails at once': [...origins.well.slice(1), origins.failing],
  'one is dead': [...origins.well.slice(1), dead],
};

const rows = [];
for (const [name, list] of Object.entries(cases)) {
  const runs = { evenkeel: [], undici: [] };
  for (let round = 0; round < ROUNDS + 1; round++) {
    const order = round % 2 === 0 ? ['evenkeel', 'undici'] : ['undici', 'evenkeel'];
    for (const who of order) {
      const run = await load(who === 'evenkeel' ? evenkeel : undici, list);
      if (round > 0) runs[who].push(run);
    }
  }
  const of = (who, what) => median(runs[who].map((run) => run[what]));
  for (const [what, unit] of [
    ['perSecond', 'requests/s'],
    ['p99', 'ms'],
    ['failed', '%'],
  ]) {
    const [ours, theirs] = [of('evenkeel', what), of('undici', what)];
    // Both wait for the same servers: where all are well nobody can be much better.
    const met = what === 'perSecond' ? ours >= 0.9 * theirs : ours <= 1.1 * theirs + 0.5;
    rows.push({
      ...row(`${name}: ${what}`, ours, undefined, unit, `BalancedPool ${theirs.toFixed(1)}`),
      met,
    });
  }
}
child.kill();
report(rows);

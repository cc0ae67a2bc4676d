/** 200 000 calls under one long-lived signal leave nothing behind. */
import { balance, circuitBreaker, pipe, retry, timeout } from 'evenkeel';
import { report, row } from '../harness.mjs';

const CALLS = 200_000;
const call = pipe(
  balance({ endpoints: ['a', 'b', 'c'], send: async (_host, n) => n }),
  timeout({ timeoutMs: 1000 }),
  circuitBreaker(),
  retry(),
  timeout({ timeoutMs: 5000 }),
);
const { signal } = new AbortController();

async function heapAfter(calls) {
  for (let n = 0; n < calls; n++) await call(n, { signal });
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed / 1e6;
}

const before = await heapAfter(50_000);
const after = await heapAfter(CALLS);
report([row('heap growth over 200 000 calls under one signal', after - before, 0.25, 'MB')]);

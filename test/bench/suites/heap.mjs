/** 200 000 calls under one long-lived signal leave nothing behind; neither does the history of a register. */
import { balance, circuitBreaker, compareTags, pipe, quorumRegister, retry, timeout } from 'evenkeel';
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

const register = quorumRegister({
  replicas: [1, 2, 3].map(() => new Map()),
  read: async (rows, key) => rows.get(key),
  write: async (rows, key, versioned) => {
    const row = rows.get(key);
    if (row === undefined || compareTags(versioned.tag, row.tag) > 0) rows.set(key, versioned);
  },
  consistency: 'linearizable',
});
const use = (n) => (n % 2 === 0 ? register.write(`k${n % 100}`, n) : register.read(`k${n % 100}`));

async function heapAfter(calls, one) {
  for (let n = 0; n < calls; n++) await one(n);
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed / 1e6;
}

const cases = {
  'calls under one signal': (n) => call(n, { signal }),
  'reads and writes of a register': use,
};
const rows = [];
for (const [what, one] of Object.entries(cases)) {
  const before = await heapAfter(50_000, one);
  const after = await heapAfter(CALLS, one);
  rows.push(row(`heap growth over 200 000 ${what}`, after - before, 0.25, 'MB'));
}
report(rows);

/** resilientFetch against plain fetch with a time limit, over real loopback servers in a process of their own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { resilientFetch } from 'evenkeel';
import { median, report, row } from '../harness.mjs';

const child = fork(fileURLToPath(new URL('../fetch-servers.mjs', import.meta.url)), { execArgv: [] });
const [origins] = await once(child, 'message');

const [CALLS, FLIGHT, ROUNDS] = [2000, 16, 11];
const resilient = resilientFetch({ origins, timeoutMs: 2000 });
let turn = 0;
const cases = {
  plain: () => fetch(`${origins[turn++ % origins.length]}/x`, { signal: AbortSignal.timeout(2000) }),
  resilient: () => resilient('/x'),
};

async function perSecond(call) {
  const startMs = performance.now();
  let left = CALLS;
  const worker = async () => {
    while (left-- > 0) await (await call()).text();
  };
  await Promise.all(Array.from({ length: FLIGHT }, worker));
  return (CALLS * 1000) / (performance.now() - startMs);
}

const rates = { plain: [], resilient: [] };
for (let round = 0; round < ROUNDS + 2; round++) {
  for (const name of round % 2 === 0 ? ['plain', 'resilient'] : ['resilient', 'plain']) {
    const rate = await perSecond(cases[name]);
    if (round >= 2) rates[name].push(rate);
  }
}
child.kill();
const [plain, ours] = [median(rates.plain), median(rates.resilient)];
const figure = ours / plain;
report([
  {
    ...row(
      'requests per second, share of plain fetch',
      figure,
      undefined,
      'ratio',
      `${ours.toFixed(0)} against ${plain.toFixed(0)} per second; wanted ≥ 0.95`,
    ),
    met: figure >= 0.95,
  },
]);

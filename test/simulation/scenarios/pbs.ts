/** The tables of the PBS paper, from predictStaleness. */
import { predictStaleness } from 'evenkeel/quorum';
import { seededRandom } from 'evenkeel/testing';
import { type Check, near, type Row, type Scenario, type Trial, within } from '../scenario.ts';
import { exponential, type Model, MODELS } from '../wars.ts';

const RUNS = 1_000_000;

type Cell = readonly [read: number, write: number, readMs: number, writeMs: number, freshAfterMs: number];

/** At the 99.9th percentile, recomputed from a million samples; the paper's own t is 2 to 15 % lower throughout. */
const TABLE: Readonly<Record<keyof typeof MODELS, readonly Cell[]>> = {
  'LNKD-SSD': [
    [1, 1, 0.66, 0.66, 1.98],
    [1, 2, 0.66, 1.63, 1.87],
    [2, 1, 1.64, 0.66, 0],
    [2, 2, 1.64, 1.63, 0],
    [3, 1, 4.12, 0.66, 0],
    [1, 3, 0.66, 4.11, 0],
  ],
  'LNKD-DISK': [
    [1, 1, 0.66, 10.97, 53.3],
    [1, 2, 0.66, 21.02, 47.7],
    [2, 1, 1.63, 10.97, 14.1],
    [2, 2, 1.63, 21.02, 0],
    [3, 1, 4.07, 10.97, 0],
    [1, 3, 0.66, 111.9, 0],
  ],
  // By quadrature; sampled figures of 10.9, 32.4 and 221 are within their own noise of these (decision 0009).
  YMMR: [
    [1, 1, 5.61, 11.1, 1460],
    [1, 2, 5.61, 430, 1444],
    [2, 1, 32.9, 11.1, 220],
    [2, 2, 32.9, 430, 0],
    [3, 1, 219, 11.1, 0],
    [1, 3, 5.61, 1855, 0],
  ],
  WAN: [
    [1, 1, 3.44, 56.4, 115.4],
    [1, 2, 3.44, 167.8, 0],
    [2, 1, 151.3, 56.4, 31.1],
    [2, 2, 151.31, 167.72, 0],
    [3, 1, 153.9, 56.4, 0],
    [1, 3, 3.44, 242.8, 0],
  ],
};

/** The probability of a fresh read at once, R = W = 1 of 3. */
const AT_ONCE: readonly (readonly [name: string, model: Model, fresh: number])[] = [
  ['LNKD-SSD', MODELS['LNKD-SSD'], 0.9735],
  ['LNKD-DISK', MODELS['LNKD-DISK'], 0.436],
  ['YMMR', MODELS['YMMR'], 0.887],
  ['WAN', MODELS['WAN'], 0.3335],
  ['exponential, λ = 4', exponential(4), 0.943],
  ['exponential, λ = 0.1', exponential(0.1), 0.419],
];

export const pbs: Scenario = {
  name: 'pbs',
  asks: 'Does predictStaleness give the tables of the PBS paper?',
  reference: [
    'Bailis et al., VLDB 2012, table 4; recomputed: latencies ±2 %, t ±5 % (disk ±8 %)',
    'the paper’s own t, from 50 000 samples, lies 2 to 15 % lower',
  ],
  run: async (trial) => [
    ...Object.entries(TABLE).flatMap(([name, cells]) =>
      cells.map((cell) => cellRow(name as keyof typeof MODELS, cell, trial)),
    ),
    ...AT_ONCE.map((one) => atOnceRow(one, trial)),
  ],
};

function cellRow(name: keyof typeof MODELS, cell: Cell, { seed, size }: Trial): Row {
  const [read, write, readMs, writeMs, freshAfterMs] = cell;
  const runs = Math.ceil(RUNS * size);
  const found = predictStaleness({
    n: 3,
    read,
    write,
    latencies: MODELS[name],
    runs,
    random: seededRandom(seed),
  });
  const figures = {
    'read p99.9': found.readMs(0.999),
    'write p99.9': found.writeMs(0.999),
    't for 99.9 %': found.freshAfterMs(0.999),
    'fresh at once %': 100 * found.freshAt(0),
  };
  // Fewer runs are less exact: their error grows as the root of their number falls.
  const wider = Math.max(1, 1 / Math.sqrt(size));
  const part = (name === 'LNKD-DISK' ? 0.08 : 0.05) * wider;
  const checks: Check[] = [
    near('read p99.9', figures['read p99.9'], readMs, 0.02 * wider),
    near('write p99.9', figures['write p99.9'], writeMs, 0.02 * wider),
    freshAfterMs === 0
      ? within('t for 99.9 %', figures['t for 99.9 %'], 0, 0)
      : near('t for 99.9 %', figures['t for 99.9 %'], freshAfterMs, part),
  ];
  return { who: name, case: `R ${read} W ${write}`, figures, checks };
}

function atOnceRow([name, latencies, expected]: (typeof AT_ONCE)[number], { seed, size }: Trial): Row {
  const runs = Math.ceil(RUNS * size);
  const found = predictStaleness({ n: 3, read: 1, write: 1, latencies, runs, random: seededRandom(seed) });
  const fresh = 100 * found.freshAt(0);
  return {
    who: name,
    case: 'R 1 W 1, at once',
    figures: { 'fresh at once %': fresh },
    checks: [within('fresh at once %', fresh, 100 * expected, 0.3 * Math.max(1, 1 / Math.sqrt(size)))],
  };
}

/** Reads of two of three with a long tail: ask two, ask three, or ask two and hedge the third. */
import { hedgedFanOut, quorumRead } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { type Check, near, type Row, type Scenario, type Trial, within } from '../scenario.ts';
import { ymmrRead } from '../wars.ts';

const CALLS = 100_000;
/** Of two the tail is the tail of one that is slow, and has fewer samples: more of them. */
const OF_TWO = 3;
/** Calls that are under way at one time. */
const BATCH = 2_000;

interface Case {
  readonly sent: number;
  readonly required: number;
  readonly delayMs?: number;
  readonly p99?: number;
  readonly p999: number;
  readonly extra?: number;
}

/** What a few million samples gave; of a single read with a hedge, and of two of three. */
const CASES: readonly Case[] = [
  { sent: 1, required: 1, p999: 168.4 },
  ...(
    [
      [4, 13.3, 0.401],
      [5, 14, 0.154],
      [6, 14.8, 0.079],
      [8, 16.5, 0.042],
      [10, 18.2, 0.034],
      [15, 22.7, 0.028],
      [20, 27.3, 0.024],
    ] as const
  ).map(([delayMs, p999, extra]) => ({ sent: 2, required: 1, delayMs, p999, extra })),
  { sent: 2, required: 2, p99: 93, p999: 197.5 },
  { sent: 3, required: 2, p99: 6.7, p999: 33 },
  { sent: 3, required: 2, delayMs: 6, p99: 11.1, p999: 34.8, extra: 0.152 },
  { sent: 3, required: 2, delayMs: 8, p99: 13, p999: 35.8, extra: 0.082 },
  { sent: 3, required: 2, delayMs: 15, p99: 19.7, p999: 38.6, extra: 0.054 },
];

export const hedgedQuorum: Scenario = {
  name: 'hedged-quorum',
  asks: 'What does hedging the third of three replicas save, and cost, against asking all?',
  reference: [
    'Bailis’ Yammer read model, recomputed from 4 million samples: his script forgets to add the delay of the hedge',
    'two of three: send two p99.9 197.5, send three 33.0, hedge at 8 ms 35.8 for 8.2 % more reads',
  ],
  shows: 'p99.9',
  run: async (trial) => {
    const rows: Row[] = [];
    for (const one of CASES) rows.push(await measure(one, trial));
    return rows;
  },
};

async function measure(one: Case, { seed, size }: Trial): Promise<Row> {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const replicas = Array.from({ length: one.sent }, (_, n) => n);
  const calls = Math.ceil(CALLS * size * (one.required > 1 ? OF_TWO : 1));
  const hedged = one.delayMs !== undefined;
  const drawn = (): number => ymmrRead(random) + ymmrRead(random);
  const took: number[] = [];
  const ordered: number[] = [];
  let asked = 0;
  for (let done = 0; done < calls; done += BATCH) {
    for (let n = 0; n < BATCH; n++) {
      const startMs = clock.now();
      const latencies: number[] = [];
      const read = (): Promise<number> => {
        asked++;
        const ms = drawn();
        latencies.push(ms);
        return new Promise((resolve) => clock.setTimeout(() => resolve(ms), ms));
      };
      // A new one for each call: what is remembered of latencies would order replicas that are alike.
      const fanOut = hedged
        ? {
            fanOut: hedgedFanOut<number>({
              delayMs: one.delayMs,
              budget: 'unlimited',
              maxReplicas: 3,
              clock,
            }),
          }
        : {};
      const options = {
        replicas,
        required: one.required,
        read,
        clock,
        replicaTimeoutMs: 60_000,
        timeoutMs: 60_000,
      };
      void quorumRead({ ...options, ...fanOut }).then(() => took.push(clock.now() - startMs));
      if (!hedged) ordered.push(latencies.sort((a, b) => a - b)[one.required - 1] ?? 0);
    }
    await clock.advance(60_000);
  }
  return rowOf(one, took, ordered, asked, size);
}

function rowOf(one: Case, took: number[], ordered: number[], asked: number, size: number): Row {
  took.sort((a, b) => a - b);
  ordered.sort((a, b) => a - b);
  const at = (list: readonly number[], share: number): number =>
    list[Math.ceil(share * list.length) - 1] ?? 0;
  const extra = asked / took.length - one.required;
  const figures = {
    mean: took.reduce((sum, ms) => sum + ms, 0) / took.length,
    p99: at(took, 0.99),
    'p99.9': at(took, 0.999),
    'reads beyond R': extra,
  };
  // The 99.9th percentile of 100 000 rests on 100 of them.
  const wider = Math.max(1, 1 / Math.sqrt(size));
  const checks: Check[] = [near('p99.9', figures['p99.9'], one.p999, 0.1 * wider)];
  if (one.p99 !== undefined) checks.push(near('p99', figures.p99, one.p99, 0.06 * wider));
  if (one.extra !== undefined) checks.push(within('reads beyond R', extra, one.extra, 0.006 * wider));
  // Against the very same draws there is nothing to be off by.
  if (ordered.length > 0)
    checks.push(near('p99.9 of the order statistic', figures['p99.9'], at(ordered, 0.999), 0.02));
  const hedge = one.delayMs === undefined ? '' : `, the last after ${one.delayMs} ms`;
  return { who: `ask ${one.sent}${hedge}`, case: `${one.required} needed`, figures, checks };
}

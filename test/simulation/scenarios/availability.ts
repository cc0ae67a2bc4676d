/** How often a quorum can be had, of replicas that are up by chance: counted in calls, and by the formula. */
import { majority, quorumRead } from 'evenkeel';
import { quorumPlan } from 'evenkeel/quorum';
import { seededRandom } from 'evenkeel/testing';
import { type Check, type Row, type Scenario, type Trial, within } from '../scenario.ts';

const CALLS = 200_000;

/** For n = 1 … 7: reference figures of a majority, and of others at 0.99. */
const MAJORITY: Readonly<Record<number, readonly number[]>> = {
  0.9: [0.9, 0.81, 0.972, 0.9477, 0.99144, 0.98415, 0.99727],
  0.99: [0.99, 0.9801, 0.999702, 0.999408, 0.999990149, 0.999980446, 0.999999658],
  0.999: [0.999, 0.998001, 0.999997002],
};
const ANY_99 = [0.99, 0.9999, 0.999999];
const ALL_99 = [0.99, 0.9801, 0.9703, 0.9606, 0.951];

export const availability: Scenario = {
  name: 'availability',
  asks: 'How available is a quorum of n replicas?',
  reference: [
    'k of n: Σ C(n,i) p^i (1−p)^(n−i); majority at 0.99 for n = 1…7: .99 .9801 .999702 .999408 .99999 .99998 .9999997',
    'six nines from three of 99 % are any-1 with independent failures; with 1 % shared outages 99.99 %',
  ],
  shows: 'available %',
  run: async (trial) => {
    const rows: Row[] = [byFormula()];
    for (let n = 1; n <= 7; n++) rows.push(await byCalls(n, trial));
    return rows;
  },
};

/** The formula against the table, to the last digit that is printed there. */
function byFormula(): Row {
  const checks: Check[] = [];
  const hold = (what: string, value: number, printed: number): void => {
    const digits = String(printed).split('.')[1]?.length ?? 0;
    checks.push(within(what, value, printed, 0.5 * 10 ** -digits + 1e-12));
  };
  const of = (p: number, n: number) => quorumPlan({ n, availability: p }).chosen.availability;
  for (const [p, printed] of Object.entries(MAJORITY)) {
    for (const [at, value] of printed.entries()) {
      hold(`majority of ${at + 1} at ${p}`, of(Number(p), at + 1).majority, value);
    }
  }
  for (const [at, value] of ANY_99.entries()) hold(`any of ${at + 1}`, of(0.99, at + 1).any, value);
  for (const [at, value] of ALL_99.entries()) hold(`all of ${at + 1}`, of(0.99, at + 1).all, value);
  const shared = quorumPlan({ n: 3, availability: 0.99, shared: 0.01 }).chosen.availability.any;
  hold('any of 3, 1 % of the outages shared', shared, 0.9999);
  return { who: 'quorumPlan', case: 'the table', figures: { 'any of 3, shared %': 100 * shared }, checks };
}

async function byCalls(n: number, { seed, size }: Trial): Promise<Row> {
  const random = seededRandom(seed);
  const calls = Math.ceil(CALLS * size);
  const replicas = Array.from({ length: n }, (_, at) => at);
  const p = 0.9;
  const down = new Error('down');
  let had = 0;
  for (let call = 0; call < calls; call++) {
    const read = (): Promise<number> => (random() < p ? Promise.resolve(1) : Promise.reject(down));
    await quorumRead({ replicas, required: majority(n), read }).then(
      () => had++,
      () => {},
    );
  }
  const expected = quorumPlan({ n, availability: p }).chosen.availability.majority;
  const share = had / calls;
  const sd = Math.sqrt((expected * (1 - expected)) / calls);
  return {
    who: 'quorumRead',
    case: `majority of ${n}, each up 90 %`,
    figures: { 'available %': 100 * share, 'theory %': 100 * expected },
    checks: [within('available', share, expected, 4 * sd)],
  };
}

/** Ten thousand histories of a register under loss, delay, doubled and overtaken messages, splits and crashes. */
import { checkLinearizability, checkTagOrder, registerModel } from 'evenkeel/testing';
import { clientOf } from '../registers/clients.ts';
import { trouble, world } from '../registers/world.ts';
import { atMost, type Row, type Scenario, type Trial } from '../scenario.ts';

const SIZES: readonly number[] = [3, 5, 4];
const SEEDS = 1_000;

export const linearizability: Scenario = {
  name: 'linearizability',
  asks: 'Is every history of the register linearizable, whatever the network does?',
  reference: [
    'Attiya, Bar-Noy, Dolev 1995: with a majority of correct replicas, always',
    'two oracles: the search of Wing and Gong with the memo of Lowe, and the order of the tags',
  ],
  run: async (trial) => {
    const rows: Row[] = [];
    for (const [n, size] of SIZES.entries()) rows.push(await runs(trial, size, n));
    return rows;
  },
};

/** A third of the seeds each. */
async function runs({ seed, size: length, seeds = SEEDS }: Trial, size: number, nth: number): Promise<Row> {
  const count = Math.ceil((length * seeds) / SIZES.length);
  const figures = {
    histories: 0,
    operations: 0,
    failed: 0,
    violations: 0,
    'out of tag order': 0,
    unknown: 0,
  };
  for (let n = 0; n < count; n++) {
    const one = world(seed + nth + n * SIZES.length, size);
    const clients = Array.from({ length: 3 + (n % 3) }, (_, client) => clientOf(one, `c${client}`));
    await trouble(one, clients);
    const operations = one.history.operations();
    const { verdict } = checkLinearizability(operations, registerModel);
    figures.histories++;
    figures.operations += operations.length;
    figures.failed += operations.filter(({ endedAt }) => endedAt === Infinity).length;
    if (verdict === 'violation') figures.violations++;
    if (verdict === 'unknown') figures.unknown++;
    if (checkTagOrder(operations).length > 0) figures['out of tag order']++;
  }
  return {
    who: `quorumRegister of ${size}`,
    figures,
    checks: [
      atMost('violations', figures.violations, 0),
      atMost('out of tag order', figures['out of tag order'], 0),
      atMost('unknown', figures.unknown, 0),
    ],
  };
}

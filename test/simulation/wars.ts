/** The latency models of the PBS paper (Bailis et al. 2012, table 3): one-way milliseconds. */
import type { Random } from 'evenkeel';
import type { Legs, StalenessDraw } from 'evenkeel/quorum';

type Leg = (random: Random) => number;

/** A Pareto body and an exponential tail. */
function mixture(share: number, least: number, alpha: number, rate: number): Leg {
  return (random) =>
    random() < share ? least / (1 - random()) ** (1 / alpha) : -Math.log(1 - random()) / rate;
}

const ssd = mixture(0.9122, 0.235, 10, 1.66);
const disk = mixture(0.38, 1.05, 1.51, 0.183);
export const ymmrRead: Leg = mixture(0.982, 1.5, 3.8, 0.0217);
const ymmrWrite = mixture(0.939, 3, 3.35, 0.0028);

export type Model = Legs | ((random: Random, draw: StalenessDraw) => void);

function model(write: Leg, others: Leg): Legs {
  return { write, ack: others, read: others, reply: others };
}

const REMOTE_MS = 75;

/** One replica is near the writer, and one, drawn anew, near the reader; to the others it is 75 ms each way. */
const wan = (random: Random, draw: StalenessDraw): void => {
  const near = Math.floor(random() * draw.write.length);
  for (let i = 0; i < draw.write.length; i++) {
    const [toWrite, toRead] = [i === 0 ? 0 : REMOTE_MS, i === near ? 0 : REMOTE_MS];
    draw.write[i] = disk(random) + toWrite;
    draw.ack[i] = ssd(random) + toWrite;
    draw.read[i] = ssd(random) + toRead;
    draw.reply[i] = ssd(random) + toRead;
  }
};

/** Exponential legs: writes with this rate, the others with 1. */
export function exponential(rate: number): Model {
  const leg =
    (one: number): Leg =>
    (random) =>
      -Math.log(1 - random()) / one;
  return model(leg(rate), leg(1));
}

export const MODELS: Readonly<Record<'LNKD-SSD' | 'LNKD-DISK' | 'YMMR' | 'WAN', Model>> = {
  'LNKD-SSD': model(ssd, ssd),
  'LNKD-DISK': model(disk, ssd),
  YMMR: model(ymmrWrite, ymmrRead),
  WAN: wan,
};

/**
 * Everybody who competes, in one list: a new picker or cost is one line here, and every scenario tries it.
 */
import {
  balance,
  type Balanced,
  type BalanceOptions,
  healthTracker,
  leastPending,
  p2c,
  peakEwma,
  probing,
  random,
  reportedLoad,
  roundRobin,
} from 'evenkeel';
import type { FleetClientKit, FleetReply } from 'evenkeel/testing';

export interface Contender {
  readonly name: string;
  /** Builds its client of what the simulator hands in. */
  readonly client: <Q>(kit: FleetClientKit<Q>) => Balanced<string, Q, FleetReply>;
}

type Parts<Q> = Partial<BalanceOptions<string, Q, FleetReply>>;

/** A balancer over the fleet, which follows its membership. */
function balanced(parts: <Q>(kit: FleetClientKit<Q>) => Parts<Q>): Contender['client'] {
  return (kit) => {
    const { membership, send, clock, random: chance } = kit;
    return balance({ endpoints: membership, send, clock, random: chance, ...parts(kit) });
  };
}

/** What `balance({ endpoints, send })` is with a `healthTracker()`. */
export const THE_DEFAULT: Contender = {
  name: 'the default',
  client: balanced(({ clock, random: chance }) => ({ health: healthTracker({ clock, random: chance }) })),
};

/** Who knows nothing, and is compared with. */
export const ROUND_ROBIN: Contender = {
  name: 'roundRobin',
  client: balanced(() => ({ pick: roundRobin(), cost: leastPending() })),
};

export const CONTENDERS: readonly Contender[] = [
  THE_DEFAULT,
  { name: 'p2c(2) × peakEwma', client: balanced(() => ({ pick: p2c(), cost: peakEwma() })) },
  { name: 'p2c(3) × peakEwma', client: balanced(() => ({ pick: p2c({ choices: 3 }), cost: peakEwma() })) },
  { name: 'p2c(5) × peakEwma', client: balanced(() => ({ pick: p2c({ choices: 5 }), cost: peakEwma() })) },
  { name: 'p2c(2) × leastPending', client: balanced(() => ({ pick: p2c(), cost: leastPending() })) },
  {
    name: 'p2c(3) × leastPending',
    client: balanced(() => ({ pick: p2c({ choices: 3 }), cost: leastPending() })),
  },
  {
    name: 'p2c(5) × leastPending',
    client: balanced(() => ({ pick: p2c({ choices: 5 }), cost: leastPending() })),
  },
  {
    name: 'reportedLoad',
    client: balanced(() => ({ cost: reportedLoad({ read: (reply: FleetReply) => reply.inFlight }) })),
  },
  { name: 'probing', client: balanced(({ probe }) => ({ pick: probing({ probe }), cost: leastPending() })) },
  ROUND_ROBIN,
  { name: 'random', client: balanced(() => ({ pick: random(), cost: leastPending() })) },
];

/** The contender of that name. */
export function contender(name: string): Contender {
  const found = CONTENDERS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no contender ${name}`);
  return found;
}

/** Every scenario, in the order in which `all` runs them. */
import type { Scenario } from './scenario.ts';
import { adaptive } from './scenarios/adaptive.ts';
import { availability } from './scenarios/availability.ts';
import { blackHole } from './scenarios/black-hole.ts';
import { cacheOutage } from './scenarios/cache-outage.ts';
import { coldStart } from './scenarios/cold-start.ts';
import { coldStartCache } from './scenarios/cold-start-cache.ts';
import { deploy } from './scenarios/deploy.ts';
import { draws } from './scenarios/draws.ts';
import { hang } from './scenarios/hang.ts';
import { failback } from './scenarios/failback.ts';
import { fleet } from './scenarios/fleet.ts';
import { followTheSun } from './scenarios/follow-the-sun.ts';
import { hedging } from './scenarios/hedge.ts';
import { hedgedQuorum } from './scenarios/hedged-quorum.ts';
import { heterogeneous } from './scenarios/heterogeneous.ts';
import { homogeneous } from './scenarios/homogeneous.ts';
import { joinZero } from './scenarios/join-zero.ts';
import { metastable } from './scenarios/metastable.ts';
import { linearizability } from './scenarios/linearizability.ts';
import { pbs } from './scenarios/pbs.ts';
import { prequal } from './scenarios/prequal.ts';
import { reconnectStorm } from './scenarios/reconnect-storm.ts';
import { recovery } from './scenarios/recovery.ts';
import { retryStorm } from './scenarios/retry-storm.ts';
import { slowMiddle } from './scenarios/slow-middle.ts';
import { staleBoard } from './scenarios/stale-board.ts';
import { supermarket } from './scenarios/supermarket.ts';
import { twoSlowOfFour } from './scenarios/two-slow-of-four.ts';
import { weights } from './scenarios/weights.ts';
import { zoneLoss } from './scenarios/zone-loss.ts';

export const SCENARIOS: readonly Scenario[] = [
  supermarket,
  draws,
  weights,
  homogeneous,
  heterogeneous,
  slowMiddle,
  twoSlowOfFour,
  hang,
  blackHole,
  recovery,
  reconnectStorm,
  coldStart,
  joinZero,
  deploy,
  zoneLoss,
  followTheSun,
  failback,
  staleBoard,
  prequal,
  retryStorm,
  metastable,
  hedging,
  adaptive,
  coldStartCache,
  fleet,
  cacheOutage,
  linearizability,
  pbs,
  availability,
  hedgedQuorum,
];

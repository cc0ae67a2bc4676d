/** Every scenario, in the order in which `all` runs them. */
import type { Scenario } from './scenario.ts';
import { blackHole } from './scenarios/black-hole.ts';
import { hang } from './scenarios/hang.ts';
import { homogeneous } from './scenarios/homogeneous.ts';
import { slowMiddle } from './scenarios/slow-middle.ts';
import { supermarket } from './scenarios/supermarket.ts';
import { twoSlowOfFour } from './scenarios/two-slow-of-four.ts';

export const SCENARIOS: readonly Scenario[] = [
  supermarket,
  homogeneous,
  slowMiddle,
  twoSlowOfFour,
  hang,
  blackHole,
];

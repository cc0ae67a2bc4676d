/**
 * Who gets the call: the balancer, its pickers and its costs.
 *
 * @module
 */
export { balance, type Balanced, type BalanceOptions, type BalanceSnapshot, type Done } from './balance.ts';
export type { Cost, CostMeter } from './cost.ts';
export { leastPending } from './least-pending.ts';
export type { EndpointView } from './member.ts';
export { p2c, type P2cOptions } from './p2c.ts';
export { peakEwma, type PeakEwmaOptions } from './peak-ewma.ts';
export type { Candidate, Picker, PickerState } from './picker.ts';
export { random } from './random.ts';
export type { ReadyOptions } from './ready.ts';
export { roundRobin } from './round-robin.ts';

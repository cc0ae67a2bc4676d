/**
 * Spill-over by measured load: which share of the calls should leave a place that is overloaded?
 *
 * Nobody has to know any capacity: a queue shows in the latency. `base` is what calls took here when it was idle
 * (it falls quickly and rises slowly), and the share is steered so that waiting here costs about a quarter of
 * the way there, and no less than twice the base, so that noise moves nothing:
 *
 *   target = base + max(base, (there − base) / 4)
 *   error  = here / target − 1, within −1 … 2
 *   steady = steady + SLOW · error · dt      within 0 … 0.9: what is always too much here
 *   share  = steady + QUICK · error          within 0 … 0.9: and what has piled up
 *
 * A queue sums up what is too much, and so does `steady`: without the quick part the two would swing for ever.
 */
export interface Spill {
  /** The part of the calls that goes elsewhere, from 0 to 1. */
  readonly share: number;
  readonly steady: number;
  readonly here: Mean;
  readonly there: Mean;
  readonly baseMs: number;
}

/** A mean of latencies over the last moments; 0 if nothing is known. */
interface Mean {
  readonly ms: number;
  readonly atMs: number;
  readonly calls: number;
}

const UNKNOWN: Mean = { ms: 0, atMs: -Infinity, calls: 0 };

export const NO_SPILL: Spill = { share: 0, steady: 0, here: UNKNOWN, there: UNKNOWN, baseMs: 0 };

/** In this time a mean forgets, in milliseconds. */
const MEAN_MS = 500;
/** In these times the base rises, and falls, to what calls take now. */
const [RISE_MS, FALL_MS] = [600_000, 2000];
/** So many calls make the first base: one alone may have been quick by chance. */
const FIRST = 100;
/** How fast the steady part follows, per second, and how far the quick one goes at once. */
const [SLOW, QUICK] = [0.05, 0.3];
/** Who sends everything away never learns that it is quiet here again. */
const MOST = 0.9;
/** Latencies below are equal. */
const FLOOR_MS = 1;

/** A call elsewhere took so long. */
export function measuredThere(spill: Spill, latencyMs: number, nowMs: number): Spill {
  return { ...spill, there: after(spill.there, latencyMs, nowMs) };
}

/** A call here took so long: only this steers, so that nothing changes while nobody knows how it is here. */
export function measuredHere(spill: Spill, latencyMs: number, nowMs: number): Spill {
  const here = after(spill.here, latencyMs, nowMs);
  // After a silence it goes on from where it was: no step is longer than a second.
  const dtMs = spill.here.atMs === -Infinity ? 0 : Math.min(1000, Math.max(0, nowMs - spill.here.atMs));
  const baseMs = here.calls <= FIRST ? here.ms : towards(spill.baseMs, here.ms, dtMs);
  const base = Math.max(FLOOR_MS, baseMs);
  const target = base + Math.max(base, (spill.there.ms - base) / 4);
  const error = Math.max(-1, Math.min(2, here.ms / target - 1));
  const steady = part(spill.steady + (SLOW * error * dtMs) / 1000);
  return { ...spill, steady, share: part(steady + QUICK * error), here, baseMs };
}

function after({ ms, atMs, calls }: Mean, latencyMs: number, nowMs: number): Mean {
  const weight = Math.max(1 - Math.exp(-Math.max(1, nowMs - atMs) / MEAN_MS), 1 / (calls + 1));
  return { ms: ms + (latencyMs - ms) * weight, atMs: Math.max(atMs, nowMs), calls: calls + 1 };
}

function towards(baseMs: number, hereMs: number, dtMs: number): number {
  return baseMs + (hereMs - baseMs) * (1 - Math.exp(-dtMs / (hereMs > baseMs ? RISE_MS : FALL_MS)));
}

function part(value: number): number {
  return Math.max(0, Math.min(MOST, value));
}

/**
 * Spill-over by measured load: which share of the calls should leave a place that is overloaded?
 *
 * Nobody has to know any capacity: a queue shows in the latency. `base` is what calls took here when it was idle
 * (a minimum that is forgotten slowly), and the share is steered so that waiting here costs no more than half of
 * the way there, and no less than twice the base, so that noise moves nothing:
 *
 *   target = base + max(base, (there − base) / 2)
 *   error  = here / target − 1, within −1 … 1
 *   share' = share + gain · error · dt       integral control, 0 … 1
 */
export interface Spill {
  /** The part of the calls that goes elsewhere, from 0 to 1. */
  readonly share: number;
  /** Mean latencies of the last moments, in milliseconds; 0 if nothing is known. */
  readonly hereMs: number;
  readonly thereMs: number;
  readonly baseMs: number;
  readonly atMs: number;
}

export const NO_SPILL: Spill = { share: 0, hereMs: 0, thereMs: 0, baseMs: 0, atMs: -Infinity };

/** In this time a mean forgets, in milliseconds. */
const MEAN_MS = 500;
/** In this time the base rises to what calls take now. */
const BASE_MS = 60_000;
/** How fast the share follows, per second. */
const GAIN = 0.5;
/** Latencies below are equal. */
const FLOOR_MS = 1;

/** A call took so long, here or elsewhere. */
export function measured(spill: Spill, local: boolean, latencyMs: number, nowMs: number): Spill {
  const dt = spill.atMs === -Infinity ? 0 : Math.max(0, nowMs - spill.atMs);
  const state = steered(spill, nowMs, dt);
  const mean = (old: number): number =>
    old === 0 ? latencyMs : old + (latencyMs - old) * (1 - Math.exp(-Math.max(dt, 1) / MEAN_MS));
  if (!local) return { ...state, thereMs: mean(state.thereMs) };
  const hereMs = mean(state.hereMs);
  const risen = state.baseMs + (hereMs - state.baseMs) * (1 - Math.exp(-dt / BASE_MS));
  return { ...state, hereMs, baseMs: state.baseMs === 0 ? hereMs : Math.min(hereMs, risen) };
}

function steered(spill: Spill, nowMs: number, dt: number): Spill {
  const base = Math.max(FLOOR_MS, spill.baseMs);
  const target = base + Math.max(base, (spill.thereMs - base) / 2);
  const error = Math.max(-1, Math.min(1, spill.hereMs / target - 1));
  // After a silence it goes on from where it was: no step is longer than a second.
  const share = spill.share + (GAIN * error * Math.min(dt, 1000)) / 1000;
  return { ...spill, share: Math.max(0, Math.min(1, share)), atMs: Math.max(spill.atMs, nowMs) };
}

/** What a load has brought: the value, how old it is, and what is to be done with it. */
import { OptionError } from '../core/errors.ts';
import { refuseResponse } from './errors.ts';
import { Aged, Said, Validated } from './loaded.ts';
import type { Load } from './loads.ts';
import type { Plan, Planner } from './plan.ts';

export interface Cargo<V> {
  readonly value: V;
  readonly plan: Plan;
  /** As of when it is true. */
  readonly sinceMs: number;
  readonly costMs: number;
  /** `undefined` where the plan says. */
  readonly freshUntilMs: number | undefined;
  /** Why nothing newer could be had. */
  readonly error: unknown;
}

/** @throws what the user's functions throw, and {@link OptionError} for what cannot be kept */
export function unpack<A, V>(
  where: string,
  planner: Planner<A, V>,
  load: Load<A, V>,
  said: V,
  nowMs: number,
): Cargo<V> {
  if (said instanceof Said) return unpackSaid(where, planner, load, said, nowMs);
  refuseResponse(where, said);
  return loadedNow(planner, load, said, undefined, nowMs);
}

function unpackSaid<A, V>(
  where: string,
  planner: Planner<A, V>,
  load: Load<A, V>,
  said: Said,
  nowMs: number,
): Cargo<V> {
  if (said instanceof Validated) {
    const { validatedValue, validator } = said as Validated<V>;
    refuseResponse(where, validatedValue);
    return loadedNow(planner, load, validatedValue, validator, nowMs);
  }
  if (said instanceof Aged) {
    const { value, ageMs, costMs, freshForMs, validator, error } = said as Aged<V>;
    const plan = planner.of(value, load.arg, validator);
    return { value, plan, sinceMs: nowMs - ageMs, costMs, freshUntilMs: nowMs + freshForMs, error };
  }
  const { known } = load;
  if (known !== undefined && !known.refused)
    return loadedNow(planner, load, known.value, known.terms.validator, nowMs);
  const allowed = 'a value where nothing is known that could be unmodified';
  throw new OptionError(where, 'what the load resolves to', said, allowed);
}

function loadedNow<A, V>(
  planner: Planner<A, V>,
  load: Load<A, V>,
  value: V,
  validator: unknown,
  nowMs: number,
): Cargo<V> {
  const { startedMs } = load;
  const plan = planner.of(value, load.arg, validator);
  const costMs = nowMs - startedMs;
  return { value, plan, sinceMs: startedMs, costMs, freshUntilMs: undefined, error: undefined };
}

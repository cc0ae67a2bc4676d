/** Gauges: what is read when somebody looks, for instance from a `snapshot()`. */
import { checkFunction, checkText } from '../core/options.ts';

/** One value of a gauge, with what tells it from the others. */
export interface Reading {
  readonly value: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** By name: a function that answers with the value now, or with several. */
export type Gauges = Readonly<Record<string, () => number | readonly Reading[]>>;

export function checkGauges(where: string, gauges: Gauges): Gauges {
  for (const [name, read] of Object.entries(gauges)) {
    checkText(where, 'gauges', name);
    checkFunction(where, `gauges.${name}`, read);
  }
  return gauges;
}

/** The readings now, at most so many; none of a gauge that throws, because looking must not break the others. */
export function readings(read: Gauges[string], maxSeries: number): readonly Reading[] {
  try {
    const said = read();
    return typeof said === 'number' ? [{ value: said }] : said.slice(0, maxSeries);
  } catch {
    return [];
  }
}

/**
 * The series of one instrument: one for each combination of attributes, and never more than so many. What comes
 * beyond is counted in one more, marked as OpenTelemetry's cardinality limit marks it.
 */
import type { Instrument } from './instruments.ts';

export type Attributes = Readonly<Record<string, string>>;

export interface Series {
  readonly attributes: Attributes;
  count: number;
  sum: number;
  /** How many were within each bucket, not summed up; one more for those beyond the last. Empty for counters. */
  readonly buckets: number[];
}

const OVERFLOW: Attributes = { 'otel.metric.overflow': 'true' };

/** No attribute is longer. */
const MAX_LENGTH = 100;

export class SeriesOf {
  readonly instrument: Instrument;
  readonly #bounds: readonly number[];
  readonly #maxSeries: number;
  readonly #series = new Map<string, Series>();
  #overflow: Series | undefined = undefined;

  constructor(instrument: Instrument, bounds: readonly number[], maxSeries: number) {
    this.instrument = instrument;
    this.#bounds = instrument.kind === 'histogram' ? bounds : [];
    this.#maxSeries = maxSeries;
  }

  get all(): readonly Series[] {
    return [...this.#series.values(), ...(this.#overflow === undefined ? [] : [this.#overflow])];
  }

  add(value: number, values: readonly (string | undefined)[]): void {
    const series = this.#find(values);
    series.count++;
    series.sum += value;
    if (series.buckets.length === 0) return;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    const place = bucket === -1 ? this.#bounds.length : bucket;
    series.buckets[place] = (series.buckets[place] ?? 0) + 1;
  }

  #find(values: readonly (string | undefined)[]): Series {
    const cut = values.map((value) => value?.slice(0, MAX_LENGTH));
    const key = JSON.stringify(cut);
    let series = this.#series.get(key);
    if (series !== undefined) return series;
    if (this.#series.size >= this.#maxSeries) return (this.#overflow ??= this.#make(OVERFLOW));
    series = this.#make(attributesOf(this.instrument, cut));
    this.#series.set(key, series);
    return series;
  }

  #make(attributes: Attributes): Series {
    const places = this.instrument.kind === 'histogram' ? this.#bounds.length + 1 : 0;
    return { attributes, count: 0, sum: 0, buckets: new Array<number>(places).fill(0) };
  }
}

/** The attributes that a measurement has, by name. */
export function attributesOf(instrument: Instrument, values: readonly (string | undefined)[]): Attributes {
  const attributes: Record<string, string> = {};
  for (const [index, name] of instrument.attributes.entries()) {
    const value = values[index];
    if (value !== undefined) attributes[name] = value;
  }
  return attributes;
}

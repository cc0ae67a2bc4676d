/**
 * Metrics of what evenkeel tells: an observer that counts events and keeps durations, to be read as plain objects
 * or scraped as Prometheus text.
 *
 * @module
 */
import { OptionError } from '../core/errors.ts';
import type { Observer, ObserverEvent } from '../core/observer.ts';
import { checkCount } from '../core/options.ts';
import { checkGauges, type Gauges, type Reading, readings } from './gauges.ts';
import { DURATIONS_S, INSTRUMENTS, type Instrument, measured } from './instruments.ts';
import { CONTENT_TYPE, gaugeText, textOf } from './prometheus.ts';
import { type Attributes, SeriesOf } from './series.ts';

export type { Attributes } from './series.ts';
export type { Gauges, Reading } from './gauges.ts';

export interface MetricsOptions {
  /**
   * Seconds at which the buckets of durations end, rising.
   * @defaultValue 0.005 to 10, as OpenTelemetry advises for HTTP clients
   */
  readonly bucketsS?: readonly number[];
  /** Combinations of attributes that are kept of one metric; those beyond are counted together. @defaultValue 1_000 */
  readonly maxSeries?: number;
  /** What is read at each look, by name. @defaultValue none */
  readonly gauges?: Gauges;
}

/** What {@link metrics} makes: an observer, to be given to factories or to `observe`. */
export interface Metrics extends Observer {
  /** The `content-type` of {@link Metrics.prometheus}. */
  readonly contentType: string;
  snapshot(): MetricsSnapshot;
  /** All of it in the Prometheus text format 0.0.4. */
  prometheus(): string;
}

export interface MetricsSnapshot {
  readonly counters: readonly {
    readonly name: string;
    readonly attributes: Attributes;
    readonly value: number;
  }[];
  readonly histograms: readonly HistogramSnapshot[];
  readonly gauges: readonly {
    readonly name: string;
    readonly attributes: Attributes;
    readonly value: number;
  }[];
}

export interface HistogramSnapshot {
  readonly name: string;
  readonly attributes: Attributes;
  readonly count: number;
  /** In seconds. */
  readonly sum: number;
  /** How many took up to so many seconds, those of the buckets before included. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
}

/**
 * Counts every event, and keeps the durations of calls and attempts in buckets, under OpenTelemetry's names.
 *
 * Give it as `observer` to the factories you want to hear of, or to `observe` for the whole process. Calls and
 * attempts are timed where a `metered` layer stands. The number of series is bounded. Not for traces, nor for a
 * service that has an OpenTelemetry meter already: take `evenkeel/otel` there.
 *
 * @throws `OptionError` at construction for an option out of its range
 * @example
 * ```ts
 * import { metered } from 'evenkeel';
 * import { metrics } from 'evenkeel/metrics';
 * const observer = metrics();
 * await metered({ name: 'users', observer }).run(async () => 'Ada');
 * const scraped = observer.prometheus();
 * if (!scraped.includes('evenkeel_client_call_duration_seconds_count{evenkeel_name="users"'))
 *   throw new Error(scraped);
 * ```
 */
export function metrics(options: MetricsOptions = {}): Metrics {
  const sheet = new Sheet(options);
  const observer = (event: ObserverEvent): void => sheet.hear(event);
  return Object.assign(observer, {
    contentType: CONTENT_TYPE,
    snapshot: () => sheet.snapshot(),
    prometheus: () => sheet.prometheus(),
  });
}

class Sheet {
  readonly #bounds: readonly number[];
  readonly #maxSeries: number;
  readonly #gauges: Gauges;
  readonly #series: ReadonlyMap<Instrument, SeriesOf>;

  constructor(options: MetricsOptions) {
    this.#bounds = checkBounds(options.bucketsS ?? DURATIONS_S);
    this.#maxSeries = checkCount('metrics', 'maxSeries', options.maxSeries ?? 1000);
    this.#gauges = checkGauges('metrics', options.gauges ?? {});
    this.#series = new Map(
      INSTRUMENTS.map((instrument) => [instrument, new SeriesOf(instrument, this.#bounds, this.#maxSeries)]),
    );
  }

  hear(event: ObserverEvent): void {
    const { instrument, value, values } = measured(event);
    this.#series.get(instrument)?.add(value, values);
  }

  snapshot(): MetricsSnapshot {
    const of = (kind: Instrument['kind']): readonly SeriesOf[] =>
      [...this.#series.values()].filter(({ instrument }) => instrument.kind === kind);
    return {
      counters: of('counter').flatMap(({ instrument: { name }, all }) =>
        all.map(({ attributes, sum }) => ({ name, attributes, value: sum })),
      ),
      histograms: of('histogram').flatMap(({ instrument: { name }, all }) =>
        all.map(({ attributes, count, sum, buckets }) => ({
          name,
          attributes,
          count,
          sum,
          buckets: this.#summed(buckets),
        })),
      ),
      gauges: this.#readings().flatMap(([name, read]) =>
        read.map(({ value, attributes = {} }) => ({ name, attributes, value })),
      ),
    };
  }

  prometheus(): string {
    const series = [...this.#series.values()].map((one) => textOf(one, this.#bounds));
    const gauges = this.#readings().map(([name, read]) => gaugeText(name, read));
    return [...series, ...gauges].join('');
  }

  #readings(): [string, readonly Reading[]][] {
    return Object.entries(this.#gauges).map(([name, read]) => [name, readings(read, this.#maxSeries)]);
  }

  #summed(buckets: readonly number[]): HistogramSnapshot['buckets'] {
    let count = 0;
    return buckets.map((held, place) => ({ upTo: this.#bounds[place] ?? Infinity, count: (count += held) }));
  }
}

function checkBounds(bounds: readonly number[]): readonly number[] {
  const rising =
    Array.isArray(bounds) &&
    bounds.length > 0 &&
    bounds.every((bound, place) => bound > (bounds[place - 1] ?? 0) && bound < Infinity);
  if (!rising) throw new OptionError('metrics', 'bucketsS', bounds, 'seconds above 0, rising, at least one');
  return bounds;
}

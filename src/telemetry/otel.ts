/**
 * A bridge to OpenTelemetry: an observer that records with a meter of yours. The meter is taken by its shape, so no
 * package of OpenTelemetry's is needed here.
 *
 * @module
 */
import type { Observer, ObserverEvent } from '../core/observer.ts';
import { checkCount, checkPort } from '../core/options.ts';
import { checkGauges, type Gauges, readings } from './gauges.ts';
import { ATTEMPTS, CALLS, DURATIONS_S, EVENTS, type Instrument, measured } from './instruments.ts';
import { type Attributes, attributesOf } from './series.ts';

export type { Attributes } from './series.ts';
export type { Gauges, Reading } from './gauges.ts';

/** What is used of `Meter` of `@opentelemetry/api`. */
export interface OtelMeter {
  createCounter(
    name: string,
    options: InstrumentOptions,
  ): { add(value: number, attributes: Attributes): void };
  createHistogram(
    name: string,
    options: InstrumentOptions & { readonly advice: { explicitBucketBoundaries: number[] } },
  ): { record(value: number, attributes: Attributes): void };
  createObservableGauge(name: string): ObservableGauge;
}

export interface InstrumentOptions {
  description: string;
  unit: string;
}

export interface ObservableGauge {
  addCallback(callback: ObservableCallback): void;
  removeCallback(callback: ObservableCallback): void;
}

export type ObservableCallback = (result: { observe(value: number, attributes: Attributes): void }) => void;

export interface OtelOptions {
  /** For instance `metrics.getMeter('evenkeel')` of `@opentelemetry/api`. */
  readonly meter: OtelMeter;
  /** What is read at each collection, by name. @defaultValue none */
  readonly gauges?: Gauges;
  /** Readings taken of one gauge at most. @defaultValue 1_000 */
  readonly maxSeries?: number;
}

/** What {@link otel} makes: an observer, to be given to factories or to `observe`. */
export interface Otel extends Observer {
  /** Takes the gauges out of the meter again. */
  dispose(): void;
}

/**
 * Records what evenkeel tells with an OpenTelemetry meter: `evenkeel.client.call.duration` and
 * `evenkeel.client.attempt.duration`, in seconds and told apart as gRPC's are, and `evenkeel.events`.
 *
 * Give it as `observer` to the factories you want to hear of, or to `observe` for the whole process. Calls and
 * attempts are timed where a `metered` layer stands. The number of series is bounded by the SDK (2 000 of one
 * metric unless a view says otherwise). Not for traces.
 *
 * @throws `OptionError` at construction for an option out of its range
 * @example
 * ```ts
 * import { metered } from 'evenkeel';
 * import { otel, type OtelMeter } from 'evenkeel/otel';
 * const recorded: string[] = [];
 * const meter: OtelMeter = {
 *   createCounter: () => ({ add: () => {} }),
 *   createHistogram: (name) => ({ record: () => recorded.push(name) }),
 *   createObservableGauge: () => ({ addCallback: () => {}, removeCallback: () => {} }),
 * };
 * await metered({ observer: otel({ meter }) }).run(async () => 'done');
 * if (recorded[0] !== 'evenkeel.client.call.duration') throw new Error(recorded.join());
 * ```
 */
export function otel(options: OtelOptions): Otel {
  const meter = checkPort('otel', 'meter', options.meter, 'createHistogram');
  const gauges = checkGauges('otel', options.gauges ?? {});
  const maxSeries = checkCount('otel', 'maxSeries', options.maxSeries ?? 1000);
  const recorders = recordersOf(meter);
  const stops = Object.entries(gauges).map(([name, read]) => observed(meter, name, read, maxSeries));
  const observer = (event: ObserverEvent): void => {
    const { instrument, value, values } = measured(event);
    recorders.get(instrument)?.(value, attributesOf(instrument, values));
  };
  return Object.assign(observer, {
    dispose: () => {
      for (const stop of stops) stop();
    },
  });
}

type Recorder = (value: number, attributes: Attributes) => void;

function recordersOf(meter: OtelMeter): ReadonlyMap<Instrument, Recorder> {
  const durations = (instrument: Instrument): Recorder => {
    const { name, description, unit } = instrument;
    const advice = { explicitBucketBoundaries: [...DURATIONS_S] };
    const histogram = meter.createHistogram(name, { description, unit, advice });
    return (value, attributes) => histogram.record(value, attributes);
  };
  const { name, description, unit } = EVENTS;
  const counter = meter.createCounter(name, { description, unit });
  return new Map<Instrument, Recorder>([
    [CALLS, durations(CALLS)],
    [ATTEMPTS, durations(ATTEMPTS)],
    [EVENTS, (value, attributes) => counter.add(value, attributes)],
  ]);
}

function observed(meter: OtelMeter, name: string, read: Gauges[string], maxSeries: number): () => void {
  const gauge = meter.createObservableGauge(name);
  const callback: ObservableCallback = (result) => {
    for (const { value, attributes = {} } of readings(read, maxSeries)) result.observe(value, attributes);
  };
  gauge.addCallback(callback);
  return () => gauge.removeCallback(callback);
}

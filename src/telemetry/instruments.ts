/**
 * Instruments: what there is to measure, under OpenTelemetry's names and units, and what an event adds to it. The
 * Prometheus text and the OpenTelemetry bridge read the same table, so both show the same.
 */
import type { ObserverEvent } from '../core/observer.ts';

export interface Instrument {
  readonly name: string;
  readonly kind: 'counter' | 'histogram';
  /** As UCUM has it. */
  readonly unit: string;
  readonly description: string;
  /** The attributes a measurement may have, in this order. */
  readonly attributes: readonly string[];
}

/** One value for one instrument. */
export interface Measurement {
  readonly instrument: Instrument;
  readonly value: number;
  /** The attributes' values, in the order of the instrument; `undefined` where it has none. */
  readonly values: readonly (string | undefined)[];
}

const [NAME, OUTCOME, ERROR, ADDRESS] = ['evenkeel.name', 'evenkeel.outcome', 'error.type', 'server.address'];

export const CALLS: Instrument = {
  name: 'evenkeel.client.call.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of calls as their callers see them, with retries and waits.',
  attributes: [NAME, OUTCOME, ERROR],
};

export const ATTEMPTS: Instrument = {
  name: 'evenkeel.client.attempt.duration',
  kind: 'histogram',
  unit: 's',
  description: 'Duration of single attempts.',
  attributes: [NAME, OUTCOME, ERROR, ADDRESS],
};

export const EVENTS: Instrument = {
  name: 'evenkeel.events',
  kind: 'counter',
  unit: '{event}',
  description: 'Decisions, by who made them.',
  attributes: ['evenkeel.room', 'evenkeel.type', NAME, ADDRESS],
};

export const INSTRUMENTS: readonly Instrument[] = [CALLS, ATTEMPTS, EVENTS];

/**
 * Seconds at which the buckets of durations end, as OpenTelemetry advises for `http.client.request.duration`.
 */
export const DURATIONS_S: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** What an event measures: every one is counted, those that time a call or an attempt by their duration. */
export function measured(event: ObserverEvent): Measurement {
  const { room, type, name, durationMs, outcome, error, endpoint } = event;
  const timed = typeof durationMs === 'number' && (type === 'call' || type === 'attempt');
  if (!timed) return { instrument: EVENTS, value: 1, values: [room, type, name, text(endpoint)] };
  // An attempt that failed without an error, as a 500 does, has failed by its outcome.
  const kind = text(outcome);
  const failure = text(error) ?? (kind === 'success' ? undefined : kind);
  const values = [name, kind, failure];
  return type === 'call'
    ? { instrument: CALLS, value: durationMs / 1000, values }
    : { instrument: ATTEMPTS, value: durationMs / 1000, values: [...values, text(endpoint)] };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/**
 * The Prometheus text format 0.0.4, with names as OpenTelemetry's Prometheus exporter makes them: dots become
 * underscores, the unit is a suffix, counters end in `_total`.
 */
import type { Reading } from './gauges.ts';
import type { Instrument } from './instruments.ts';
import type { Attributes, SeriesOf } from './series.ts';

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A histogram or a counter with all its series. */
export function textOf(series: SeriesOf, bounds: readonly number[]): string {
  const { instrument, all } = series;
  const name = metricName(instrument);
  const lines = all.flatMap(({ attributes, count, sum, buckets }) => {
    if (instrument.kind === 'counter') return [line(name, attributes, sum)];
    let below = 0;
    const ends = [...bounds.map(String), '+Inf'];
    return [
      ...buckets.map((held, place) =>
        line(`${name}_bucket`, { ...attributes, le: ends[place] ?? '' }, (below += held)),
      ),
      line(`${name}_sum`, attributes, sum),
      line(`${name}_count`, attributes, count),
    ];
  });
  return lines.length === 0 ? '' : headed(name, instrument.description, instrument.kind, lines);
}

/** A gauge, of what was read of it. */
export function gaugeText(name: string, read: readonly Reading[]): string {
  if (read.length === 0) return '';
  const named = legal(name);
  const lines = read.map(({ value, attributes = {} }) => line(named, attributes, value));
  return headed(named, name, 'gauge', lines);
}

function headed(name: string, help: string, kind: string, lines: readonly string[]): string {
  const said = help.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
  return `# HELP ${name} ${said}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
}

function line(name: string, attributes: Attributes, value: number): string {
  const labels = Object.entries(attributes).map(([key, text]) => `${legal(key)}="${escaped(text)}"`);
  return `${name}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${number(value)}\n`;
}

function metricName({ name, kind, unit }: Instrument): string {
  return `${legal(name)}${unit === 's' ? '_seconds' : ''}${kind === 'counter' ? '_total' : ''}`;
}

/** Names hold letters, digits and underscores, and begin with no digit. */
function legal(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
}

function number(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

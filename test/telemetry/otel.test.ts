/** With OpenTelemetry's real SDK; what the bridge asks of a meter is tested without it. */
import { type Meter } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { bulkhead } from 'evenkeel';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { metered } from '../../src/telemetry/metered.ts';
import { otel, type OtelMeter } from '../../src/telemetry/otel.ts';

interface Point {
  readonly attributes: object;
  readonly value:
    number | { readonly count: number; readonly sum: number; readonly buckets: { boundaries: number[] } };
}

describe('otel, with the real @opentelemetry/sdk-metrics', () => {
  const start = () => {
    class Reader extends MetricReader {
      onForceFlush = async () => {};
      onShutdown = async () => {};
    }
    const reader = new Reader({}) as unknown as {
      collect(): Promise<{
        errors: unknown[];
        resourceMetrics: {
          scopeMetrics: {
            metrics: { descriptor: { name: string; unit: string }; dataPoints: Point[] }[];
          }[];
        };
      }>;
    };
    const provider = new MeterProvider({ readers: [reader as unknown as MetricReader] });
    const collect = async () => {
      const { errors, resourceMetrics } = await reader.collect();
      expect(errors).toEqual([]);
      const all = resourceMetrics.scopeMetrics[0]?.metrics ?? [];
      const points = ({ attributes, value }: Point) => ({ attributes, value });
      return new Map(
        all.map(({ descriptor: { name, unit }, dataPoints }) => [
          name,
          { unit, points: dataPoints.map(points) },
        ]),
      );
    };
    return { meter: provider.getMeter('evenkeel'), provider, collect };
  };

  it('takes the meter of the real API, as its types have it', () => {
    expectTypeOf<Meter>().toExtend<OtelMeter>();
  });

  it('records calls, decisions and gauges', async () => {
    const { meter, provider, collect } = start();
    const limit = bulkhead({ maxConcurrent: 1 });
    const observer = otel({
      meter,
      gauges: { 'evenkeel.bulkhead.running': () => limit.snapshot().running },
    });
    await metered({ name: 'users', observer }).run(async () => 'Ada');
    await metered({ name: 'users', observer })
      .run(() => Promise.reject(new TypeError('no')))
      .catch(() => {});
    observer({ room: 'health', type: 'ejected', name: undefined, endpoint: 'a' });
    const collected = await collect();
    const named = { 'evenkeel.name': 'users' };
    expect(collected.get('evenkeel.client.call.duration')).toMatchObject({
      unit: 's',
      points: [
        { attributes: { ...named, 'evenkeel.outcome': 'success' }, value: { count: 1 } },
        {
          attributes: { ...named, 'evenkeel.outcome': 'failure', 'error.type': 'TypeError' },
          value: { count: 1 },
        },
      ],
    });
    const ejected = { 'evenkeel.room': 'health', 'evenkeel.type': 'ejected', 'server.address': 'a' };
    expect(collected.get('evenkeel.events')).toEqual({
      unit: '{event}',
      points: [{ attributes: ejected, value: 1 }],
    });
    expect(collected.get('evenkeel.bulkhead.running')?.points).toEqual([{ attributes: {}, value: 0 }]);
    // The buckets that were advised have been taken.
    const { value } = collected.get('evenkeel.client.call.duration')?.points[0] ?? { value: 0 };
    expect(typeof value === 'number' ? [] : value.buckets.boundaries).toEqual([
      0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]);
    await provider.shutdown();
  });

  it('reads no gauge after it was disposed of', async () => {
    const { meter, provider, collect } = start();
    const read = vi.fn(() => 1);
    const bridge = otel({ meter, gauges: { up: read } });
    await collect();
    bridge.dispose();
    await collect();
    expect(read).toHaveBeenCalledTimes(1);
    await provider.shutdown();
  });
});

describe('otel', () => {
  function fakeMeter() {
    const recorded: unknown[] = [];
    const callbacks = new Set<(result: { observe(value: number, attributes: object): void }) => void>();
    const meter: OtelMeter = {
      createCounter: (name, options) => ({
        add: (value, attributes) => void recorded.push([name, options.unit, value, attributes]),
      }),
      createHistogram: (name, options) => ({
        record: (value, attributes) => void recorded.push([name, options.unit, value, attributes]),
      }),
      createObservableGauge: () => ({
        addCallback: (callback) => void callbacks.add(callback),
        removeCallback: (callback) => void callbacks.delete(callback),
      }),
    };
    const collect = () => {
      const seen: unknown[] = [];
      for (const callback of callbacks)
        callback({ observe: (value, attributes) => void seen.push([value, attributes]) });
      return seen;
    };
    return { meter, recorded, collect };
  }

  it('records seconds, with the attributes there are', () => {
    const { meter, recorded } = fakeMeter();
    const bridge = otel({ meter });
    const facts = { room: 'metered', name: 'users', durationMs: 250, outcome: 'success' };
    bridge({ ...facts, type: 'call' });
    bridge({ ...facts, type: 'attempt', name: undefined, outcome: 'overload', endpoint: 'a' });
    bridge({ room: 'retry', type: 'retrying', name: undefined });
    expect(recorded).toEqual([
      [
        'evenkeel.client.call.duration',
        's',
        0.25,
        { 'evenkeel.name': 'users', 'evenkeel.outcome': 'success' },
      ],
      [
        'evenkeel.client.attempt.duration',
        's',
        0.25,
        { 'evenkeel.outcome': 'overload', 'error.type': 'overload', 'server.address': 'a' },
      ],
      ['evenkeel.events', '{event}', 1, { 'evenkeel.room': 'retry', 'evenkeel.type': 'retrying' }],
    ]);
  });

  it('reads gauges at each collection, no more of one than it may, until it is disposed of', () => {
    const { meter, collect } = fakeMeter();
    const three = [1, 2, 3].map((value) => ({ value, attributes: { n: String(value) } }));
    const gauges = {
      one: () => 1,
      three: () => three,
      broken: () => {
        throw new Error('no');
      },
    };
    const bridge = otel({ meter, gauges, maxSeries: 2 });
    expect(collect()).toEqual([
      [1, {}],
      [1, { n: '1' }],
      [2, { n: '2' }],
    ]);
    bridge.dispose();
    expect(collect()).toEqual([]);
  });

  it('refuses what is no meter', () => {
    expect(() => otel({} as never)).toThrow(/meter must be/);
    expect(() => otel({ meter: {} as never })).toThrow(/meter must be/);
    const { meter } = fakeMeter();
    expect(() => otel({ meter, maxSeries: 0 })).toThrow(/maxSeries must be/);
    expect(() => otel({ meter, gauges: { up: 1 as never } })).toThrow(/gauges.up must be/);
  });
});

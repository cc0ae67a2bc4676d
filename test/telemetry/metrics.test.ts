import { bulkhead, observe, pipe, retry, type ObserverEvent } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metered } from '../../src/telemetry/metered.ts';
import { metrics } from '../../src/telemetry/metrics.ts';
import { parsed } from './exposition.ts';

const event = (facts: Partial<ObserverEvent>): ObserverEvent => ({
  room: 'x',
  type: 'y',
  name: undefined,
  ...facts,
});
const took = (durationMs: number, facts: Partial<ObserverEvent> = {}) =>
  event({ type: 'call', durationMs, outcome: 'success', ...facts });

describe('metrics', () => {
  it('keeps calls and attempts apart, with what decided in between', async () => {
    const [sheet, clock] = [metrics(), virtualClock()];
    let calls = 0;
    const call = pipe(
      async (id: string) => {
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, 30));
        if (++calls === 1) throw Object.assign(new Error('no'), { code: 'ECONNRESET' });
        return id;
      },
      metered({ name: 'users', as: 'attempt', clock, observer: sheet }),
      retry({ name: 'users', clock, baseDelayMs: 0, observer: sheet }),
      metered({ name: 'users', clock, observer: sheet }),
    );
    const answer = call('x');
    await clock.advance(100);
    await answer;
    const { counters, histograms } = sheet.snapshot();
    const labels = { 'evenkeel.name': 'users', 'evenkeel.outcome': 'success' };
    expect(histograms.map(({ name, attributes, count, sum }) => [name, attributes, count, sum])).toEqual([
      ['evenkeel.client.call.duration', labels, 1, 0.06],
      [
        'evenkeel.client.attempt.duration',
        { ...labels, 'evenkeel.outcome': 'failure', 'error.type': 'ECONNRESET' },
        1,
        0.03,
      ],
      ['evenkeel.client.attempt.duration', labels, 1, 0.03],
    ]);
    expect(counters).toEqual([
      {
        name: 'evenkeel.events',
        attributes: { 'evenkeel.room': 'retry', 'evenkeel.type': 'retrying', 'evenkeel.name': 'users' },
        value: 1,
      },
    ]);
  });

  it('sums up buckets, whose ends belong to them', () => {
    const sheet = metrics({ bucketsS: [0.1, 1] });
    for (const ms of [0, 100, 100.1, 1000, 1001]) sheet(took(ms));
    expect(sheet.snapshot().histograms[0]?.buckets).toEqual([
      { upTo: 0.1, count: 2 },
      { upTo: 1, count: 4 },
      { upTo: Infinity, count: 5 },
    ]);
  });

  it('names a failure that is no error by its outcome', () => {
    const sheet = metrics();
    sheet(took(1, { outcome: 'overload' }));
    sheet(took(1, { outcome: 'overload', error: 'BUSY' }));
    expect(sheet.snapshot().histograms.map(({ attributes }) => attributes['error.type'])).toEqual([
      'overload',
      'BUSY',
    ]);
  });

  it('tells endpoints apart, in attempts and in decisions', () => {
    const sheet = metrics();
    sheet(took(1, { type: 'attempt', endpoint: 'a' }));
    sheet(event({ room: 'health', type: 'ejected', endpoint: 'a', reason: 'any text' }));
    const { counters, histograms } = sheet.snapshot();
    expect(histograms[0]?.attributes['server.address']).toBe('a');
    expect(counters[0]?.attributes).toEqual({
      'evenkeel.room': 'health',
      'evenkeel.type': 'ejected',
      'server.address': 'a',
    });
  });

  it('counts what bears a duration and is no call as any other event', () => {
    const sheet = metrics();
    sheet(event({ room: 'cache', type: 'loaded', durationMs: 5 }));
    sheet(event({ type: 'call' }));
    expect(sheet.snapshot()).toMatchObject({ histograms: [], counters: [{ value: 1 }, { value: 1 }] });
  });

  it('keeps no more series than it may, and none of endless names; the rest is counted together', () => {
    const sheet = metrics({ maxSeries: 2 });
    for (let n = 0; n < 10; n++) sheet(event({ name: `n${n}` }));
    sheet(event({ name: 'n1' }));
    expect(sheet.snapshot().counters.map(({ attributes, value }) => [attributes, value])).toEqual([
      [{ 'evenkeel.room': 'x', 'evenkeel.type': 'y', 'evenkeel.name': 'n0' }, 1],
      [{ 'evenkeel.room': 'x', 'evenkeel.type': 'y', 'evenkeel.name': 'n1' }, 2],
      [{ 'otel.metric.overflow': 'true' }, 8],
    ]);
    const long = metrics();
    for (const end of ['a', 'b']) long(event({ name: 'n'.repeat(100) + end }));
    expect(long.snapshot().counters).toMatchObject([{ value: 2 }]);
  });

  it('does not mix up what differs only by where it stands', () => {
    const sheet = metrics();
    sheet(event({ room: 'a","b', type: 'c' }));
    sheet(event({ room: 'a', type: 'b","c' }));
    sheet(event({ room: 'a', type: 'b', name: '' }));
    sheet(event({ room: 'a', type: 'b' }));
    expect(sheet.snapshot().counters).toHaveLength(4);
  });

  it('reads gauges when it is looked at, and none of one that throws', () => {
    const limit = bulkhead({ maxConcurrent: 3 });
    const sheet = metrics({
      gauges: {
        'evenkeel.bulkhead.running': () => limit.snapshot().running,
        'evenkeel.pending': () => [
          { value: 1, attributes: { 'server.address': 'a' } },
          { value: -Infinity, attributes: { 'server.address': 'b' } },
        ],
        broken: () => {
          throw new Error('no');
        },
      },
    });
    void limit.run(() => new Promise(() => {}));
    expect(sheet.snapshot().gauges).toEqual([
      { name: 'evenkeel.bulkhead.running', attributes: {}, value: 1 },
      { name: 'evenkeel.pending', attributes: { 'server.address': 'a' }, value: 1 },
      { name: 'evenkeel.pending', attributes: { 'server.address': 'b' }, value: -Infinity },
    ]);
    expect(sheet.prometheus()).toBe(
      [
        '# HELP evenkeel_bulkhead_running evenkeel.bulkhead.running',
        '# TYPE evenkeel_bulkhead_running gauge',
        'evenkeel_bulkhead_running 1',
        '# HELP evenkeel_pending evenkeel.pending',
        '# TYPE evenkeel_pending gauge',
        'evenkeel_pending{server_address="a"} 1',
        'evenkeel_pending{server_address="b"} -Inf',
        '',
      ].join('\n'),
    );
  });

  it('hears the whole process where it is told to', async () => {
    const sheet = metrics();
    const stop = observe(sheet);
    await metered({ name: 'all' }).run(async () => 1);
    stop();
    expect(sheet.snapshot().histograms).toMatchObject([{ attributes: { 'evenkeel.name': 'all' } }]);
  });

  it.each([
    [{ bucketsS: [] }, 'bucketsS'],
    [{ bucketsS: [1, 1] }, 'bucketsS'],
    [{ bucketsS: [0] }, 'bucketsS'],
    [{ bucketsS: [1, Infinity] }, 'bucketsS'],
    [{ bucketsS: [Number.NaN] }, 'bucketsS'],
    [{ bucketsS: 5 }, 'bucketsS'],
    [{ maxSeries: 0 }, 'maxSeries'],
    [{ gauges: { up: 1 } }, 'gauges.up'],
    [{ gauges: { '': () => 1 } }, 'gauges'],
  ])('refuses %o', (options, name) => {
    expect(() => metrics(options as never)).toThrow(new RegExp(`${name} must be`));
  });
});

describe('the Prometheus text', () => {
  it('is nothing while nothing was told', () => {
    expect(metrics().prometheus()).toBe('');
  });

  it('is this', () => {
    const sheet = metrics({ bucketsS: [0.1, 1] });
    sheet(took(50, { name: 'users' }));
    sheet(took(2000, { name: 'users' }));
    sheet(event({ room: 'retry', type: 'retrying' }));
    expect(sheet.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(sheet.prometheus()).toBe(
      [
        '# HELP evenkeel_client_call_duration_seconds Duration of calls as their callers see them, with retries and waits.',
        '# TYPE evenkeel_client_call_duration_seconds histogram',
        'evenkeel_client_call_duration_seconds_bucket{evenkeel_name="users",evenkeel_outcome="success",le="0.1"} 1',
        'evenkeel_client_call_duration_seconds_bucket{evenkeel_name="users",evenkeel_outcome="success",le="1"} 1',
        'evenkeel_client_call_duration_seconds_bucket{evenkeel_name="users",evenkeel_outcome="success",le="+Inf"} 2',
        'evenkeel_client_call_duration_seconds_sum{evenkeel_name="users",evenkeel_outcome="success"} 2.05',
        'evenkeel_client_call_duration_seconds_count{evenkeel_name="users",evenkeel_outcome="success"} 2',
        '# HELP evenkeel_events_total Decisions, by who made them.',
        '# TYPE evenkeel_events_total counter',
        'evenkeel_events_total{evenkeel_room="retry",evenkeel_type="retrying"} 1',
        '',
      ].join('\n'),
    );
  });

  it('can be read by a strict reader, whatever the names are', () => {
    const told = fc.record({
      room: fc.string({ minLength: 1 }),
      name: fc.string({ unit: fc.constantFrom('"', '\\', '\n', '{', '}', ',', 'n', 'é', '💥') }),
      durationMs: fc.nat(20_000),
    });
    fc.assert(
      fc.property(fc.array(told), fc.string({ minLength: 1 }), (all, gauge) => {
        const sheet = metrics({ gauges: { [gauge]: () => 1 } });
        for (const { room, name, durationMs } of all) {
          sheet(took(durationMs, { name }));
          sheet(event({ room, name }));
        }
        const families = parsed(sheet.prometheus());
        const counts = families.get('evenkeel_client_call_duration_seconds')?.samples ?? [];
        const seen = counts.filter(({ name }) => name.endsWith('_count'));
        expect(new Set(seen.map(({ labels }) => labels['evenkeel_name']))).toEqual(
          new Set(all.map(({ name }) => name)),
        );
        expect(seen.reduce((sum, { value }) => sum + value, 0)).toBe(all.length);
      }),
    );
  });
});

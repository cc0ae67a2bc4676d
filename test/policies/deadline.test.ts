import { timeout } from 'evenkeel';
import { deadlineFrom, deadlineHeaders, pushbackFrom } from 'evenkeel/policies';
import { virtualClock } from 'evenkeel/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const left = (ms: number) => ({ remainingMs: () => ms });
const maxMs = 1e12;

describe('deadlineFrom', () => {
  it.each([
    ['100m', 100],
    ['5S', 5000],
    ['2M', 120_000],
    ['1H', 3_600_000],
    ['1500u', 1.5],
    ['2000000n', 2],
    ['0m', 0],
    ['99999999H', 99_999_999 * 3_600_000],
  ])('reads grpc-timeout %s', (text, timeoutMs) => {
    expect(deadlineFrom({ 'grpc-timeout': text }, { maxMs: Infinity }).timeoutMs).toBeCloseTo(timeoutMs, 9);
    expect(deadlineFrom(new Headers({ 'Grpc-Timeout': text }), { maxMs: Infinity }).timeoutMs).toBeCloseTo(
      timeoutMs,
      9,
    );
  });

  it.each(['', 'm', '100', '100x', '100 m', '-5m', '1.5S', '123456789m', '1e3m', 'NaN', 'Infinity', '５m'])(
    'takes grpc-timeout %j for none',
    (text) => {
      expect(deadlineFrom({ 'grpc-timeout': text }, { maxMs: 700 })).toEqual({ timeoutMs: 700 });
    },
  );

  it.each([
    ['80', 80],
    ['80.5', 80.5],
    ['0', 0],
    ['', maxMs],
    ['-1', maxMs],
    ['1e3', maxMs],
    ['0x10', maxMs],
    ['NaN', maxMs],
    ['80m', maxMs],
    ['9'.repeat(400), maxMs],
  ])('reads a header of another name, %j, as milliseconds', (text, timeoutMs) => {
    const header = 'X-Request-Timeout-Ms';
    expect(deadlineFrom({ 'x-request-timeout-ms': text }, { maxMs, header })).toEqual({ timeoutMs });
    expect(deadlineFrom(new Headers({ [header]: text }), { maxMs, header })).toEqual({ timeoutMs });
  });

  it('never says more than maxMs, and says that where nothing is there', () => {
    expect(deadlineFrom({ 'grpc-timeout': '1H' }, { maxMs: 5000 })).toEqual({ timeoutMs: 5000 });
    expect(deadlineFrom({}, { maxMs: 5000 })).toEqual({ timeoutMs: 5000 });
    expect(deadlineFrom(new Headers(), { maxMs: 5000 })).toEqual({ timeoutMs: 5000 });
  });

  it('takes the first of several', () => {
    expect(deadlineFrom({ 'grpc-timeout': ['5m', '9m'] }, { maxMs })).toEqual({ timeoutMs: 5 });
    expect(deadlineFrom({ 'grpc-timeout': [] }, { maxMs })).toEqual({ timeoutMs: maxMs });
  });

  it('is what a call can be given', async () => {
    const options = deadlineFrom({ 'grpc-timeout': '250m' }, { maxMs: 10_000 });
    const clock = virtualClock();
    const run = timeout({ timeoutMs: 60_000, clock }).run(async (context) => context.remainingMs(), options);
    expect(await run).toBe(250);
  });

  it.each([
    [() => deadlineFrom({}, { maxMs: Number.NaN }), 'maxMs'],
    [() => deadlineFrom({}, { maxMs: -1 }), 'maxMs'],
    [() => deadlineFrom({}, {} as never), 'maxMs'],
    [() => deadlineFrom(undefined as never, { maxMs: 1 }), 'headers'],
    [() => deadlineFrom({}, { maxMs: 1, header: '' }), 'header'],
    [() => deadlineFrom({}, { maxMs: 1, header: 'a b' }), 'header'],
    [() => deadlineFrom({}, { maxMs: 1, header: 5 as never }), 'header'],
  ])('refuses what is none: %s', (call, option) => {
    expect(call).toThrow(new RegExp(`deadlineFrom: ${option} must be`));
  });
});

describe('deadlineHeaders', () => {
  it.each([
    [0, '0u'],
    [0.4, '400u'],
    [99.9999, '99999u'],
    [1500, '1500000u'],
    [99_999.999, '99999999u'],
    [100_000, '100000m'],
    [99_999_999.9, '99999999m'],
    [100_000_000, '100000S'],
    [1e12, '16666666M'],
    [7e12, '1944444H'],
    [1e300, '99999999H'],
    [-5, '0u'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(deadlineHeaders(left(ms))).toEqual({ 'grpc-timeout': text });
  });

  it('writes whole milliseconds under another name', () => {
    const header = 'X-Request-Timeout-Ms';
    expect(deadlineHeaders(left(80.9), { header })).toEqual({ 'x-request-timeout-ms': '80' });
    expect(deadlineHeaders(left(-1), { header })).toEqual({ 'x-request-timeout-ms': '0' });
  });

  it('writes nothing where there is no deadline', () => {
    expect(deadlineHeaders(left(Infinity))).toEqual({});
    expect(deadlineHeaders(left(Number.NaN))).toEqual({});
  });

  it('knows the deadline of the call it is handed', async () => {
    const clock = virtualClock();
    const sent = timeout({ timeoutMs: 500, clock }).run(async (context) => {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 200));
      return deadlineHeaders(context);
    });
    await clock.advance(200);
    expect(await sent).toEqual({ 'grpc-timeout': '300000u' });
  });

  it('never promises more than is left, loses less than a thousandth or a microsecond, and is read back', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e11, noNaN: true }), (ms) => {
        const headers = deadlineHeaders(left(ms));
        expect(headers['grpc-timeout']).toMatch(/^\d{1,8}[HMSmun]$/);
        const { timeoutMs } = deadlineFrom(headers, { maxMs: Infinity });
        expect(timeoutMs).toBeLessThanOrEqual(ms + 1e-9 * ms);
        expect(timeoutMs).toBeGreaterThanOrEqual(ms - Math.max(0.001, ms / 1000) - 1e-9);
        const header = 'x-timeout-ms';
        const plain = deadlineFrom(deadlineHeaders(left(ms), { header }), { maxMs: Infinity, header });
        expect(plain.timeoutMs).toBe(Math.floor(ms));
      }),
    );
  });

  it('refuses a context that knows no deadline', () => {
    expect(() => deadlineHeaders({} as never)).toThrow(/deadlineHeaders: context must be/);
    expect(() => deadlineHeaders(left(1), { header: 'a:b' })).toThrow(/deadlineHeaders: header must be/);
  });
});

describe('pushbackFrom', () => {
  it.each([
    ['0', 0],
    ['250', 250],
    [' 1500 ', 1500],
    ['-1', Infinity],
    ['soon', Infinity],
    ['', Infinity],
    ['1e3', Infinity],
    ['99999999999999999999', Infinity],
    [undefined, undefined],
  ])('reads %j as %j', (said, expected) => {
    expect(pushbackFrom({ 'grpc-retry-pushback-ms': said })).toBe(expected);
    expect(pushbackFrom(new Headers(said === undefined ? {} : { 'grpc-retry-pushback-ms': said }))).toBe(
      expected,
    );
  });

  it('refuses what are no headers', () => {
    expect(() => pushbackFrom(undefined as never)).toThrow(/pushbackFrom: headers must be headers/);
  });
});

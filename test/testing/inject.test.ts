import { pipe, timeout } from 'evenkeel';
import {
  fakeTransport,
  inject,
  InjectedError,
  isInjectedError,
  seededRandom,
  virtualClock,
} from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('inject', () => {
  it('fails its share of the calls, which are then not sent', async () => {
    const wire = fakeTransport<number, number>({ answer: (n) => n });
    const call = pipe(wire, inject({ failRate: 0.3, random: seededRandom(1) }));
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, n) => quiet(call(n))));
    const failed = answers.filter((one) => isInjectedError(one)).length;
    // Four standard deviations of a binomial with n = 1000, p = 0.3.
    expect(Math.abs(failed - 300)).toBeLessThanOrEqual(58);
    expect(wire.requests).toHaveLength(1000 - failed);
  });

  it.each([
    [0, 0],
    [1, 100],
  ])('with a rate of %i fails exactly %i of 100', async (failRate, failures) => {
    const run = () => inject({ failRate, random: seededRandom(2) }).run(async () => 'ok');
    const answers = await Promise.all(Array.from({ length: 100 }, () => quiet(run())));
    expect(answers.filter((one) => one instanceof InjectedError)).toHaveLength(failures);
  });

  it('fails with the error it is given', async () => {
    const error = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    expect(await quiet(inject({ failRate: 1, error }).run(async () => 1))).toBe(error);
  });

  it('delays every call, and lets its caller leave meanwhile', async () => {
    const clock = virtualClock();
    const wire = fakeTransport<string, number>({ answer: () => 1 });
    const call = pipe(wire, inject({ delayMs: 50, clock }), timeout({ timeoutMs: 80, clock }));
    const answer = call('x');
    await clock.advance(49);
    expect(wire.requests).toHaveLength(0);
    await clock.advance(1);
    expect(await answer).toBe(1);
    const caller = new AbortController();
    const left = quiet(call('y', { signal: caller.signal }));
    caller.abort('left');
    expect(await left).toBe('left');
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(100);
    expect(wire.requests).toEqual(['x']);
  });

  it.each([{ failRate: -0.1 }, { failRate: 1.1 }, { failRate: Number.NaN }, { delayMs: -1 }])(
    'refuses %o',
    (options) => {
      expect(() => inject(options)).toThrow(/inject: (failRate|delayMs) must be/);
    },
  );
});

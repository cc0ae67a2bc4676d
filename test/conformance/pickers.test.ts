/** The port of pickers, held by every picker and by every narrowing around one. */
import {
  blueGreen,
  canary,
  consistentHash,
  explore,
  p2c,
  type Picker,
  priorities,
  probing,
  random,
  roundRobin,
  slowStart,
  subset,
  weightedZones,
  zones,
} from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { markTried } from '../../src/core/tried.ts';
import { Fake, newCall, shares, tools } from '../balancer/kit.ts';

const pickers: [string, Picker][] = [
  ['p2c', p2c()],
  ['p2c of 3', p2c({ choices: 3 })],
  ['roundRobin', roundRobin()],
  ['random', random()],
  ['consistentHash without keys', consistentHash()],
  ['probing without answers', probing({ probe: () => Promise.reject(new Error('down')) })],
  ['subset', subset({ size: 50, client: 'me' })(p2c())],
  ['priorities', priorities()(p2c())],
  ['zones', zones({ local: 'nowhere' })(p2c())],
  ['weightedZones', weightedZones({ weights: { nowhere: 1 } })(p2c())],
  ['slowStart', slowStart()(p2c())],
  ['explore', explore()(p2c())],
  ['canary', canary()(p2c())],
  ['blueGreen', blueGreen({ active: 'blue' })(p2c())],
  ['all narrowings in a row', slowStart()(priorities()(zones({ local: 'x' })(canary()(p2c()))))],
];

describe.each(pickers)('the picker %s', (_, picker) => {
  it('spreads calls evenly over equals', () => {
    const candidates = Array.from({ length: 10 }, () => new Fake());
    // 20 000 picks: the standard deviation of a share of 0.1 is 0.0021, the bound 5 of them.
    for (const share of shares(picker, candidates, 20_000))
      expect(Math.abs(share - 0.1)).toBeLessThan(0.0106);
  });

  it('gives the only candidate every call, whatever its state', () => {
    expect(shares(picker, [new Fake(1, 3)], 10)).toEqual([1]);
  });

  it('leaves out the ejected while there are enough others', () => {
    const candidates = Array.from({ length: 10 }, (_, n) => new Fake(1, n === 0 ? 2 : 0));
    // One bad of ten: five draws of one see only it once in 100 000, pairs never.
    expect(shares(picker, candidates, 20_000)[0]).toBeLessThan(0.001);
  });

  it('uses the best there is when all are bad, and never levels the dead with the living', () => {
    const candidates = [new Fake(1, 3), new Fake(1, 2), new Fake(1, 3)];
    // The blindest draws one at a time and misses the living one five times in a row in (2/3)^5 of the picks;
    // 0.02 is four standard deviations of 5 000 picks.
    expect(shares(picker, candidates, 5000)[1]).toBeGreaterThan(1 - (2 / 3) ** 5 - 0.02);
  });

  it('always finds whom the call has not tried, however many it has, even if that one is unhealthy', () => {
    const [tried, other] = [[new Fake(), new Fake(), new Fake()], new Fake(1, 2)];
    const state = picker.create(tools(5));
    state.update([...tried, other]);
    for (let n = 0; n < 1000; n++) {
      const call = newCall();
      for (const candidate of tried) markTried(call, candidate);
      expect(state.pick(0, call)).toBe(other);
    }
  });

  it('follows a changed list at once', () => {
    const state = picker.create(tools(5));
    const [a, b] = [new Fake(), new Fake()];
    state.update([a]);
    expect(state.pick(0, newCall())).toBe(a);
    state.update([b]);
    for (let n = 0; n < 20; n++) expect(state.pick(0, newCall())).toBe(b);
  });
});

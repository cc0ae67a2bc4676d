/** One conformance suite for the port of pickers, and what is particular to each. */
import { p2c, type Picker, random, roundRobin } from 'evenkeel';
import { seededRandom } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { markTried } from '../../src/core/tried.ts';
import { Fake, fakes, newCall, shares, tools } from './kit.ts';

const pickers: [string, Picker][] = [
  ['p2c', p2c()],
  ['p2c of 3', p2c({ choices: 3 })],
  ['roundRobin', roundRobin()],
  ['random', random()],
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

describe('p2c', () => {
  it('draws two distinct ones: the worst of n is never picked, the best in 2/n of the picks', () => {
    const candidates = Array.from({ length: 10 }, (_, n) => new Fake(1, 0, () => n + 1));
    const [best, ...others] = shares(p2c(), candidates, 50_000);
    expect(others.at(-1)).toBe(0);
    expect(Math.abs((best ?? 0) - 0.2)).toBeLessThan(0.01);
  });

  it('sees only bad ones in (C(b,2)/C(n,2))^5 of the picks', () => {
    const candidates = Array.from({ length: 10 }, (_, n) => new Fake(1, n < 8 ? 2 : 0));
    const bad = shares(p2c(), candidates, 50_000)
      .slice(0, 8)
      .reduce((sum, share) => sum + share, 0);
    const expected = (28 / 45) ** 5;
    expect(Math.abs(bad - expected)).toBeLessThan(0.01);
  });

  it('compares all, with random ties, when there are no more than choices', () => {
    const candidates = [new Fake(1, 0, () => 2), new Fake(1, 0, () => 1), new Fake(1, 0, () => 1)];
    const [dear, one, two] = shares(p2c({ choices: 3 }), candidates, 20_000);
    expect(dear).toBe(0);
    expect(Math.abs((one ?? 0) - (two ?? 0))).toBeLessThan(0.035);
  });

  // Finagle's table of what drawing two without replacement does to weights: of n endpoints one weighs half, and
  // who of the two drawn is cheaper is chance.
  it.each([
    [2, 1],
    [3, 0.609],
    [4, 0.559],
    [6, 0.531],
    [10, 0.516],
  ])('gives the one half weight of %i its known share of the others', (count, expected) => {
    const chance = seededRandom(11);
    const candidates = Array.from({ length: count }, (_, n) => new Fake(n === 0 ? 0.5 : 1, 0, chance));
    const [half = 0, ...whole] = shares(p2c({ choices: 2 }), candidates, 1_000_000, 7);
    const others = whole.reduce((sum, share) => sum + share, 0) / whole.length;
    expect(Math.abs(half / others - expected)).toBeLessThan(0.005);
  });

  it('keeps to the weights exactly while all cost the same, because ties go to the first one drawn', () => {
    const [half = 0, one = 0] = shares(p2c(), [new Fake(0.5), ...fakes(3)], 400_000);
    expect(Math.abs(half / one - 0.5)).toBeLessThan(0.01);
  });

  it('picks at the same price from 10 as from 100 000: two costs are looked at', () => {
    let looks = 0;
    const candidates = Array.from({ length: 100_000 }, () => new Fake(1, 0, () => ++looks));
    const state = p2c().create(tools(1));
    state.update(candidates);
    looks = 0;
    for (let n = 0; n < 100; n++) state.pick(0, newCall());
    expect(looks).toBe(200);
  });
});

describe('roundRobin', () => {
  it('interleaves by weight: 5, 1, 1 gives each its share in any seven', () => {
    const candidates = [new Fake(5), new Fake(1), new Fake(1)];
    const state = roundRobin().create(tools(1, { random: () => 0 }));
    state.update(candidates);
    const order = Array.from({ length: 7 }, () => candidates.indexOf(state.pick(0, newCall()) as Fake));
    expect(order).toEqual([0, 0, 1, 0, 2, 0, 0]);
  });
});

describe('random', () => {
  it('draws by weight', () => {
    const [light] = shares(random(), [new Fake(1), new Fake(3)], 20_000);
    expect(Math.abs((light ?? 0) - 0.25)).toBeLessThan(0.016);
  });
});

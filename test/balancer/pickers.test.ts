/** What is particular to each picker; what all of them share is in test/conformance/pickers.test.ts. */
import { consistentHash, p2c, type Picker, preferenceOrder, probing, random, roundRobin } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { markTried } from '../../src/core/tried.ts';
import { Fake, fakes, newCall, shares, tools } from './kit.ts';

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

  it('draws again, as often, while the better of two is an outlier, and compares all that it has drawn', () => {
    // Three of four are slow; two draws see only slow ones in half of the picks, ten of them once in 32.
    const candidates = Array.from({ length: 4 }, (_, n) => new Fake(1, 0, () => (n < 3 ? 20 : 1)));
    for (const one of candidates.slice(0, 3)) one.outlier = true;
    const [, , , good = 0] = shares(p2c(), candidates, 50_000);
    expect(Math.abs(good - (1 - 0.5 ** 5))).toBeLessThan(0.005);
    // An outlier that costs less all the same, because the others are full, is used.
    const busy = candidates.map((_, n) => new Fake(1, 0, () => (n < 3 ? 20 : 50)));
    for (const one of busy.slice(0, 3)) one.outlier = true;
    expect(shares(p2c(), busy, 1000)[3]).toBe(0);
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

describe('consistentHash', () => {
  const at = (picker: Picker, candidates: readonly Fake[]) => {
    const state = picker.create(tools());
    state.update(candidates);
    return (affinityKey: string, ...tried: Fake[]) => {
      const call = newCall({ affinityKey });
      for (const one of tried) markTried(call, one);
      return state.pick(0, call);
    };
  };
  const keys = Array.from({ length: 500 }, (_, n) => `user ${n}`);

  it('sends the same key to the same endpoint, in the order that preferenceOrder tells', () => {
    const candidates = fakes(6);
    const pick = at(consistentHash(), candidates);
    for (const key of keys) {
      const order = preferenceOrder(
        key,
        candidates.map(({ endpoint }) => endpoint),
      );
      const tried: Fake[] = [];
      for (const address of order) {
        const picked = pick(key, ...tried) as Fake;
        expect(picked.endpoint.address).toBe(address);
        tried.push(picked);
      }
    }
  });

  it('passes over who is ejected, and comes back when it is well', () => {
    const candidates = fakes(5);
    const pick = at(consistentHash(), candidates);
    const holder = pick('k') as Fake;
    holder.rank = 2;
    const next = pick('k');
    expect(next).not.toBe(holder);
    expect(next).toBe(pick('k', holder));
    holder.rank = 0;
    expect(pick('k')).toBe(holder);
  });

  it('never puts more on one endpoint than 1.25 of its part, however hot one key is', () => {
    const candidates = fakes(10);
    const pick = at(consistentHash(), candidates);
    for (let n = 0; n < 1000; n++) {
      const picked = pick('the one hot key') as Fake;
      picked.pending++;
      expect(picked.pending).toBeLessThanOrEqual(Math.ceil((1.25 * (n + 1)) / 10));
    }
    const unbounded = at(consistentHash({ maxLoad: Infinity }), candidates);
    expect(new Set(Array.from({ length: 50 }, () => unbounded('the one hot key'))).size).toBe(1);
  });

  it('bounds by weight', () => {
    const candidates = [new Fake(1), new Fake(3)];
    const pick = at(consistentHash(), candidates);
    for (const key of keys) (pick(key) as Fake).pending++;
    expect(candidates[0]?.pending).toBeLessThanOrEqual(Math.ceil((1.25 * 500) / 4));
    expect(candidates[1]?.pending).toBeGreaterThan(300);
  });

  it('says which identities it can hash', () => {
    expect(() => preferenceOrder('k', [{ client: 1 }])).toThrow('must be text, a number or a URL');
    expect(() => preferenceOrder('k', [new URL('http://a.test'), 7, 'b'])).not.toThrow();
    expect(() => consistentHash({ maxLoad: 0.9 })).toThrow('maxLoad');
  });
});

describe('probing', () => {
  const flush = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };

  it('sends to who has room by its own word, not waiting for any probe', async () => {
    const candidates = fakes(4);
    const idle = candidates[2] as Fake;
    const picker = probing<string>({
      probe: async (address) => ({
        inFlight: address === idle.endpoint.address ? 0 : 50,
        latencyMs: address === idle.endpoint.address ? 1 : 100,
      }),
    });
    const state = picker.create(tools(3));
    state.update(candidates);
    state.pick(0, newCall());
    await flush();
    const picked: unknown[] = [];
    for (let n = 0; n < 20; n++) {
      picked.push(state.pick(0, newCall()));
      await flush();
    }
    expect(picked.filter((one) => one === idle).length).toBeGreaterThan(15);
  });

  it('begins so many probes for each call, fractions over several, each of a batch to another server', async () => {
    const asked: string[] = [];
    const probe = async (address: string) => {
      asked.push(address);
      return { inFlight: 1, latencyMs: 1 };
    };
    const few = probing({ probe, probesPerCall: 0.5 }).create(tools());
    few.update(fakes(10));
    for (let n = 0; n < 8; n++) {
      few.pick(0, newCall());
      await flush();
    }
    expect(asked.length).toBe(4);
    asked.length = 0;
    const many = probing({ probe, probesPerCall: 4 }).create(tools());
    many.update(fakes(6));
    many.pick(0, newCall());
    await flush();
    expect(new Set(asked).size).toBe(4);
  });

  it('uses no answer that is older than it may be, none of who left, and none that is not a number', async () => {
    const candidates = fakes(3);
    let answer = { inFlight: 1, latencyMs: 1 };
    const clock = virtualClock();
    const state = probing({ probe: async () => answer, unprobed: roundRobin() }).create(tools(1, { clock }));
    state.update(candidates);
    const startMs = clock.now();
    const steps: string[] = [];
    const call = { options: undefined, tried: undefined, triedToo: undefined };
    const trace = { saw() {}, note: (step: string) => void steps.push(step) };
    state.pick(startMs, newCall());
    await flush();
    answer = { inFlight: Number.NaN, latencyMs: 1 };
    state.pick(startMs + 900, { ...call, trace });
    expect(steps.pop()).toBe('the best of 3 probes');
    await flush();
    state.pick(startMs + 1001, { ...call, trace });
    expect(steps.pop()).toBe('too few probes');
    state.update(candidates.slice(0, 1));
    expect(state.pick(startMs + 1001, newCall())).toBe(candidates[0]);
  });

  it('forgets what a server answers that has left meanwhile', async () => {
    const answers: ((answer: { inFlight: number; latencyMs: number }) => void)[] = [];
    const state = probing({ probe: () => new Promise((resolve) => answers.push(resolve)) }).create(tools());
    const candidates = fakes(4);
    state.update(candidates);
    state.pick(virtualClock().now(), newCall());
    await flush();
    state.update(candidates.slice(0, 1));
    for (const answer of answers) answer({ inFlight: 0, latencyMs: 0 });
    await flush();
    for (let n = 0; n < 10; n++) expect(state.pick(virtualClock().now(), newCall())).toBe(candidates[0]);
  });

  it('has no more probes under way than it may, and gives each up in time', async () => {
    const clock = virtualClock();
    let asked = 0;
    const signals: AbortSignal[] = [];
    const state = probing<string>({
      probe: (_address, { signal }) => {
        asked++;
        signals.push(signal);
        return new Promise(() => {});
      },
      maxProbes: 2,
      timeoutMs: 50,
    }).create(tools(1, { clock }));
    state.update(fakes(9));
    for (let n = 0; n < 5; n++) state.pick(clock.now(), newCall());
    await clock.advance(1);
    expect(asked).toBe(2);
    await clock.advance(60);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    state.pick(clock.now(), newCall());
    await clock.advance(1);
    expect(asked).toBe(4);
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

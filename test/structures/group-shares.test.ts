/** Envoy's published vectors, exact, and the laws that hold for all of them. */
import { array, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healthOf, priorityShares, weightedShares, zoneShares } from '../../src/structures/group-shares.ts';

const health = (percent: number) => healthOf({ available: percent, total: 100 }, 1.4);

describe('priority shares', () => {
  it.each([
    [72, 100, 0],
    [71, 99, 1],
    [50, 70, 30],
    [25, 35, 65],
    [0, 0, 100],
  ])('of a first group that is %i %% well and a second that is whole: %i / %i', (well, first, second) => {
    expect(priorityShares([health(well), health(100)])).toEqual([first, second]);
  });

  it('are made up to 100 when all together have less', () => {
    expect(priorityShares([health(25), health(25)])).toEqual([50, 50]);
    expect(priorityShares([health(25), health(25), health(20)])).toEqual([36, 36, 28]);
  });

  it('are nobody’s when nobody is well', () => {
    expect(priorityShares([0, 0])).toEqual([0, 0]);
  });

  it('always add up to 100, and an earlier group that is whole leaves nothing to later ones', () => {
    assert(
      property(array(integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 }), (healths) => {
        const shares = priorityShares(healths);
        const sum = shares.reduce((all, share) => all + share, 0);
        expect(sum).toBe(healths.some((one) => one > 0) ? 100 : 0);
        expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
        const whole = healths.indexOf(100);
        if (whole !== -1) expect(shares.slice(whole + 1).every((share) => share === 0)).toBe(true);
      }),
    );
  });
});

describe('weighted shares', () => {
  it.each([
    [70, 33, 67],
    [69, 32, 68],
    [50, 26, 74],
    [25, 15, 85],
    [0, 0, 100],
  ])('of zones that weigh 1 and 2, the first %i %% well: %i / %i', (well, first, second) => {
    const shares = weightedShares([1, 2], [health(well), health(100)]).map((share) =>
      Math.round(share * 100),
    );
    expect(shares).toEqual([first, second]);
  });
});

describe('zone shares', () => {
  const rounded = (shares: readonly number[]) => shares.map((share) => Math.round(share * 1000) / 1000);

  it('keep all calls in a zone that has its part of the capacity', () => {
    expect(zoneShares(0, [0.3, 0.7], [0.3, 0.7])).toEqual([1, 0]);
    expect(zoneShares(0, [0.1, 0.9], [0.5, 0.5])).toEqual([1, 0]);
  });

  it('keep what the zone has capacity for, and send the rest to where some is left over', () => {
    // Envoy's documentation: with 50 % of the callers and 30 % of the capacity, 60 % stays.
    expect(rounded(zoneShares(0, [0.5, 0.3, 0.2], [0.3, 0.3, 0.4]))).toEqual([0.6, 0, 0.4]);
    expect(rounded(zoneShares(0, [0.6, 0.2, 0.2], [0.2, 0.4, 0.4]))).toEqual([0.333, 0.333, 0.333]);
  });

  it('send everything elsewhere when nobody here can serve', () => {
    expect(zoneShares(0, [0.5, 0.5], [0, 1])).toEqual([0, 1]);
    expect(zoneShares(0, [1, 0], [0, 0])).toEqual([1, 0]);
  });

  it('fill every zone evenly when each zone’s callers keep to them', () => {
    assert(
      property(
        array(tuple(integer({ min: 1, max: 9 }), integer({ min: 1, max: 9 })), {
          minLength: 2,
          maxLength: 5,
        }),
        (zones) => {
          const part = (index: 0 | 1) => {
            const sum = zones.reduce((all, zone) => all + zone[index], 0);
            return zones.map((zone) => zone[index] / sum);
          };
          const [callers, capacity] = [part(0), part(1)];
          const load = capacity.map(() => 0);
          for (let zone = 0; zone < zones.length; zone++) {
            zoneShares(zone, callers, capacity).forEach((share, to) => {
              load[to] = (load[to] ?? 0) + share * (callers[zone] ?? 0);
            });
          }
          // Nobody is above its part of the capacity, but whoever keeps less than that at home.
          load.forEach((got, zone) => expect(got).toBeLessThanOrEqual((capacity[zone] ?? 0) + 1e-9));
        },
      ),
    );
  });
});

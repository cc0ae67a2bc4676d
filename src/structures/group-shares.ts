/**
 * How load is shared among groups of endpoints, by Envoy's rules, in whole percents as Envoy reckons
 * (envoyproxy.io: Priority levels, Locality weighted load balancing, Zone aware routing).
 *
 * A group counts as whole while `overprovisioning` times its available part is 100 %: with 1.4 it may lose 28 %
 * of its endpoints before anything is sent elsewhere.
 */

/** The endpoints of a group that can serve, of all it has; by number or by weight. */
export interface GroupHealth {
  readonly available: number;
  readonly total: number;
}

/** What a group counts for, in percent. */
export function healthOf({ available, total }: GroupHealth, overprovisioning: number): number {
  if (total === 0) return 0;
  // A hair more than exact, so that 140 · 0.7 is 98 and not 97.99…
  return Math.min(100, Math.floor((100 * overprovisioning * available) / total + 1e-9));
}

/**
 * The shares of groups that are preferred in their order: each takes what its health allows, the next the rest.
 * If all of them together have less than 100 %, they share in proportion; nobody at all has any share then.
 *
 * @param healths - in percent, the most preferred first
 * @returns shares in percent, of 100 in all, or all 0
 */
export function priorityShares(healths: readonly number[]): number[] {
  const sum = healths.reduce((total, health) => total + health, 0);
  if (sum === 0) return healths.map(() => 0);
  const norm = Math.min(100, sum);
  let left = 100;
  return healths.map((health, index) => {
    const share = index === healths.length - 1 ? left : Math.min(left, Math.round((health * 100) / norm));
    left -= share;
    return share;
  });
}

/** The shares of groups that are equally preferred: by their weights times their healths, as parts of 1. */
export function weightedShares(weights: readonly number[], healths: readonly number[]): number[] {
  const parts = weights.map((weight, index) => weight * (healths[index] ?? 0));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => (sum === 0 ? 0 : part / sum));
}

/**
 * The shares of zones for the callers of one of them: all stays local while the zone has its part of the capacity
 * or more. Otherwise as much stays as it has capacity for, and the rest goes where capacity is left over.
 *
 * @param callers - each zone's part of all callers, of 1
 * @param capacity - each zone's part of what can serve, of 1
 */
export function zoneShares(local: number, callers: readonly number[], capacity: readonly number[]): number[] {
  const [here, have] = [callers[local] ?? 0, capacity[local] ?? 0];
  if (have > 0 && here <= have) return capacity.map((_, zone) => (zone === local ? 1 : 0));
  const stays = here === 0 ? 0 : have / here;
  const spare = capacity.map((part, zone) => (zone === local ? 0 : Math.max(0, part - (callers[zone] ?? 0))));
  const room = spare.some((part) => part > 0)
    ? spare
    : capacity.map((part, zone) => (zone === local ? 0 : part));
  const rooms = room.reduce((total, part) => total + part, 0);
  if (rooms === 0) return capacity.map((_, zone) => (zone === local ? 1 : 0));
  return room.map((part, zone) => (zone === local ? stays : ((1 - stays) * part) / rooms));
}

/** When calls arrive, and which client makes them. */
import type { Clock } from '../../core/clock.ts';
import { checkNumber } from '../../core/options.ts';
import type { Random } from '../../core/random.ts';
import type { FleetClient } from './options.ts';

/** A rate that changes is taken as constant between multiples of this. */
const STEP_MS = 10;

export interface Span {
  /** The clock's reading where the counting begins: 0 for whoever wrote the script. */
  readonly originMs: number;
  /** The clock's reading after which nobody calls. */
  readonly endMs: number;
}

/** A Poisson stream of calls; if its rate is a function, that is read at each arrival and each 10 ms. */
export function stream(
  perSecond: number | ((atMs: number) => number),
  clock: Clock,
  random: Random,
  { originMs, endMs }: Span,
  call: () => void,
): void {
  const next = (): void => {
    const atMs = nextArrival(perSecond, clock.now() - originMs, endMs - originMs, random);
    if (atMs === Infinity) return;
    clock.setTimeout(
      () => {
        next();
        call();
      },
      atMs + originMs - clock.now(),
    );
  };
  next();
}

/**
 * The next arrival after `fromMs`: where the area under the rate has grown by an exponential draw of mean 1
 * (a Poisson process by inversion).
 */
function nextArrival(
  perSecond: number | ((atMs: number) => number),
  fromMs: number,
  endMs: number,
  random: Random,
): number {
  let left = -Math.log(1 - random());
  for (let [atMs, stepEndMs] = [fromMs, 0]; atMs < endMs; atMs = stepEndMs) {
    const constant = typeof perSecond === 'number';
    stepEndMs = constant ? endMs : Math.min(endMs, (Math.floor(atMs / STEP_MS) + 1) * STEP_MS);
    const rate = constant ? perSecond : perSecond(atMs);
    const perMs = checkNumber('simulateFleet', 'arrivals.perSecond', rate, 0, Number.MAX_SAFE_INTEGER) / 1000;
    const expected = perMs * (stepEndMs - atMs);
    if (expected > left) return atMs + left / perMs;
    left -= expected;
  }
  return Infinity;
}

/** So many callers, each of whom calls again a while after its last call has settled. */
export function callers(
  concurrency: number,
  thinkMs: number,
  clock: Clock,
  { endMs }: Span,
  call: () => Promise<void>,
): void {
  const begin = (): void => {
    if (clock.now() >= endMs) return;
    void call().then(() => clock.setTimeout(begin, thinkMs));
  };
  for (let caller = 0; caller < concurrency; caller++) clock.setTimeout(begin, 0);
}

/** Which client makes the next call: each as often as its load says. */
export function chooser(clients: readonly FleetClient[], random: Random): (atMs: number) => number {
  if (clients.every(({ load }) => load === undefined)) return () => Math.floor(random() * clients.length);
  const loadOf = ({ load = 1 }: FleetClient, atMs: number): number =>
    typeof load === 'number'
      ? load
      : checkNumber('simulateFleet', 'clients.load', load(atMs), 0, Number.MAX_SAFE_INTEGER);
  return (atMs) => {
    const loads = clients.map((client) => loadOf(client, atMs));
    let at = random() * loads.reduce((sum, load) => sum + load, 0);
    const found = loads.findIndex((load) => (at -= load) < 0);
    return Math.max(0, found);
  };
}

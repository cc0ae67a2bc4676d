/**
 * The fleet simulator: clients, a network and servers in one discrete-event simulation on a virtual clock. The
 * clients are the real library; a run of a million calls takes seconds, and the same seed gives the same report.
 */
import type { Transport } from '../../core/transport.ts';
import { seededRandom } from '../seeded-random.ts';
import { virtualClock, type VirtualClock } from '../virtual-clock.ts';
import type { Random } from '../../core/random.ts';
import { callers, chooser, type Span, stream } from './arrivals.ts';
import { Fleet } from './fleet.ts';
import { Ledger } from './ledger.ts';
import { checkFleet, type CheckedFleet, type FleetOptions } from './options.ts';
import { type FleetReport, reportOf } from './report.ts';
import type { FleetProbe } from './server-control.ts';

/** How long the simulation goes on at a time while the last calls settle. */
const GRACE_STEP_MS = 100;

/**
 * Simulates clients that call a fleet of servers, in virtual time, and reports how the calls fared.
 *
 * Each client is what `client` builds of `endpoints` and `send`: any pipe of balancer and policies. Give `clock`
 * and `random` to each of its parts. Servers have a queue, first in first out, and `slots` that work; the
 * `script` slows them, breaks them, and lets them join and leave. Calls arrive by chance (a Poisson process)
 * or by callers who wait for their answers. Times in options and report count from the end of the warm-up.
 *
 * Not for the cost of the library's own code, which takes no virtual time, nor for clients that wait for
 * anything but the virtual clock.
 *
 * @throws `OptionError` for an option out of its range, also one that only a call can find; whatever the script throws
 * @example
 * ```ts
 * import { balance } from 'evenkeel';
 * import { exponential, simulateFleet } from 'evenkeel/testing';
 * const report = await simulateFleet({
 *   durationMs: 10_000,
 *   servers: ['a', 'b', 'c', 'd'].map((id) => ({ id, slots: 4, serviceMs: exponential(20) })),
 *   client: ({ endpoints, send, clock, random }) => balance({ endpoints, send, clock, random }),
 *   arrivals: { perSecond: 400 },
 *   script: [{ atMs: 5_000, act: (fleet) => fleet.server('d').slow(10) }],
 *   windows: [[5_000, 10_000]],
 * });
 * if (report.failed > 0) throw new Error('nothing fails here');
 * if (Number(report.windows[0]?.shares.d) > 0.05) throw new Error('the slow one is avoided');
 * ```
 */
export async function simulateFleet<Q = void>(options: FleetOptions<Q>): Promise<FleetReport> {
  const checked = checkFleet(options);
  const clock = virtualClock();
  const originMs = clock.now() + checked.warmupMs;
  const endMs = originMs + checked.durationMs;
  const ledger = new Ledger();
  // Streams of chance of their own, so that two clients meet the same arrivals and the same servers.
  const seeds = seededRandom(checked.seed);
  const newRandom = (): Random => seededRandom(Math.floor(seeds() * 2 ** 32));
  const chance = { arrivals: newRandom(), requests: newRandom(), clients: checked.clients.map(newRandom) };
  const fleet = new Fleet(clock, ledger, checked.distanceMs, newRandom, [originMs, endMs]);
  fleet.joinAll(checked.servers);
  const transports = checked.clients.map(({ zone }, index) =>
    checked.client({
      index,
      zone,
      endpoints: fleet.membership.endpoints,
      membership: fleet.membership,
      send: (address, _request, context) => fleet.send('work', address, zone, context),
      probe: (address, context) => fleet.send('load', address, zone, context) as Promise<FleetProbe>,
      clock,
      random: chance.clients[index] as Random,
    }),
  );
  const call = caller(checked, transports, chance.requests, clock, ledger);
  schedule(checked, fleet, clock);
  arrive(checked, chance.arrivals, clock, { originMs, endMs }, call);
  await clock.advance(checked.warmupMs + checked.durationMs);
  for (let ms = 0; ledger.open > 0 && ms < checked.graceMs; ms += GRACE_STEP_MS)
    await clock.advance(Math.min(GRACE_STEP_MS, checked.graceMs - ms));
  if (fleet.fault !== undefined) throw fleet.fault;
  return reportOf(checked, ledger, fleet.servers, originMs);
}

/** Makes one call by one client, and writes down how it went. */
function caller<Q>(
  { request, callOptions }: CheckedFleet<Q>,
  transports: readonly Transport<Q, unknown>[],
  random: Random,
  clock: VirtualClock,
  ledger: Ledger,
): (client: number) => Promise<void> {
  let count = 0;
  return (client) => {
    const n = count++;
    const asked = request(random, n);
    const said = callOptions(asked, n);
    const number = ledger.begin(clock.now(), client);
    return settled(transports[client] as Transport<Q, unknown>, asked, said).then(
      () => ledger.answered(number, clock.now()),
      (error: unknown) => ledger.failed(number, clock.now(), error),
    );
  };
}

/** A client that throws instead of rejecting has failed as well. */
function settled<Q>(
  transport: Transport<Q, unknown>,
  request: Q,
  options: Parameters<Transport<Q, unknown>>[1],
): Promise<unknown> {
  try {
    return transport(request, options);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** What the script says, and the moment from which servers are counted. */
function schedule<Q>({ script, warmupMs }: CheckedFleet<Q>, fleet: Fleet, clock: VirtualClock): void {
  for (const { atMs, act } of script) clock.setTimeout(() => act(fleet), warmupMs + atMs);
  clock.setTimeout(() => {
    for (const server of fleet.servers) server.count();
  }, warmupMs);
}

function arrive<Q>(
  { arrivals, clients }: CheckedFleet<Q>,
  random: Random,
  clock: VirtualClock,
  span: Span,
  call: (client: number) => Promise<void>,
): void {
  const choose = chooser(clients, random);
  const callNow = (): Promise<void> => call(choose(clock.now() - span.originMs));
  if ('concurrency' in arrivals) {
    const { concurrency, thinkMs = 1 } = arrivals;
    callers(concurrency, thinkMs, clock, span, callNow);
  } else stream(arrivals.perSecond, clock, random, span, () => void callNow());
}

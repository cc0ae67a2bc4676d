/** The fleet: its servers, who of them is a member, and the network that leads to them. */
import type { Clock } from '../../core/clock.ts';
import { toEndpoints } from '../../core/endpoint.ts';
import { OptionError } from '../../core/errors.ts';
import { checkDuration } from '../../core/options.ts';
import type { Random } from '../../core/random.ts';
import type { CallContext } from '../../core/transport.ts';
import { Exchange } from './exchange.ts';
import type { Ledger } from './ledger.ts';
import { Membership } from './membership.ts';
import {
  type CheckedServer,
  checkServer,
  endpointOf,
  type FleetControl,
  type FleetOptions,
  type FleetServer,
} from './options.ts';
import { SimulatedServer } from './server.ts';
import type { FleetReply, FleetServerControl } from './server-control.ts';

type Distance = NonNullable<FleetOptions<unknown>['distanceMs']>;

export class Fleet implements FleetControl {
  /** All that ever were, in the order they came. */
  readonly servers: SimulatedServer[] = [];
  readonly membership: Membership = new Membership();
  /** A mistake in the options that only a call could find: the simulation ends with it, not the call. */
  fault: unknown = undefined;
  readonly #byId = new Map<string, SimulatedServer>();
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #distanceMs: Distance;
  readonly #newRandom: () => Random;
  readonly #span: readonly [fromMs: number, toMs: number];

  constructor(
    clock: Clock,
    ledger: Ledger,
    distanceMs: Distance,
    newRandom: () => Random,
    span: readonly [number, number],
  ) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#distanceMs = distanceMs;
    this.#newRandom = newRandom;
    this.#span = span;
  }

  server(id: string): FleetServerControl {
    return this.#find(id);
  }

  join(server: FleetServer): void {
    this.joinAll([server]);
  }

  /** They join in one step. */
  joinAll(servers: readonly FleetServer[]): void {
    const joining = servers.map((server) => endpointOf(this.#start(checkServer(server))));
    this.membership.set(toEndpoints('simulateFleet', 'servers', [...this.membership.endpoints, ...joining]));
  }

  leave(id: string): void {
    const server = this.#find(id);
    const left = this.membership.endpoints.filter((endpoint) => endpoint.id !== id);
    server.member.set(this.#clock.now(), 0);
    this.membership.set(left);
  }

  /** Sends a request, or the small question what the load is, which needs no slot. */
  send(
    asks: 'work' | 'load',
    address: string,
    client: string | undefined,
    context: CallContext | undefined,
  ): Promise<FleetReply> {
    return new Promise((resolve, reject) => {
      try {
        const server = this.#find(address);
        if (asks === 'work') this.#ledger.sent(this.#clock.now(), server.index);
        const oneWayMs = this.#distanceMs(client, server.spec.zone);
        checkDuration('simulateFleet', 'distanceMs', oneWayMs);
        new Exchange(asks, server, oneWayMs, this.#clock, resolve, reject).begin(context);
      } catch (error) {
        this.fault ??= error;
        reject(error);
      }
    });
  }

  #start(spec: CheckedServer): CheckedServer {
    let server = this.#byId.get(spec.id);
    if (server === undefined) {
      const [fromMs, toMs] = this.#span;
      server = new SimulatedServer(spec, this.servers.length, this.#clock, this.#newRandom(), fromMs, toMs);
      this.servers.push(server);
      this.#byId.set(spec.id, server);
    }
    server.spec = spec;
    server.member.set(this.#clock.now(), spec.weight);
    return spec;
  }

  #find(id: string): SimulatedServer {
    const server = this.#byId.get(id);
    if (server === undefined) throw new OptionError('simulateFleet', 'server', id, 'one of the fleet');
    return server;
  }
}

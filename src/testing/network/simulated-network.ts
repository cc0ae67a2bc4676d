/**
 * A network in one process, on a clock of the test's: messages are delayed, lost, doubled, reordered, and cut off
 * by partitions; nodes crash and come back with their disk or without it, or freeze. Everything is drawn from one
 * seeded generator, so a run that failed can be had again.
 */
import { hookOf, unlink } from '../../core/abort.ts';
import { OptionError } from '../../core/errors.ts';
import { checkFunction, checkOneOf, checkPort, checkText } from '../../core/options.ts';
import type { CallOptions } from '../../core/transport.ts';
import { Scope } from '../../core/scope.ts';
import { Links } from './links.ts';
import { NodeMachine, type NodeState } from './node.ts';
import {
  type NetworkConditions,
  type NodeProgram,
  type SimulatedNetworkOptions,
  type Weather,
  weatherOf,
} from './options.ts';

/** A node, as the test holds it. */
export interface SimulatedNode<D, Q, A> {
  readonly name: string;
  readonly state: NodeState;
  /** What it has stored, to look at or to tamper with. */
  readonly disk: D;
  /**
   * Sends it a request from `from`, and resolves with the answer. If a message is lost it never settles, unless
   * `signal` aborts; no abort stops a message that is on its way.
   */
  send(from: string, request: Q, options?: CallOptions): Promise<A>;
  /**
   * Stops it: what it is working on is never answered. Requests that reach it then get no answer (`'silent'`, the
   * machine is gone), or are refused with `ECONNREFUSED` (`'refuse'`, only the process is).
   */
  crash(then?: 'silent' | 'refuse'): void;
  /** Starts it again with what its disk holds, or with an empty one (amnesia). */
  restart(disk?: 'kept' | 'lost'): void;
  /** As SIGSTOP does: requests wait until {@link SimulatedNode.thaw}, and are then all worked off. */
  freeze(): void;
  thaw(): void;
}

/** How many messages there were, and what became of them. */
export interface NetworkSnapshot {
  readonly sent: number;
  readonly delivered: number;
  /** By chance, by a partition, or because the node was down. */
  readonly lost: number;
  readonly doubled: number;
}

export interface SimulatedNetwork {
  /** Adds a node with a name of its own. */
  node<D, Q, A>(name: string, program: NodeProgram<D, Q, A>): SimulatedNode<D, Q, A>;
  /** From now on messages fare so; what is not said stays as it is. */
  conditions(conditions: NetworkConditions): void;
  /** Splits it: messages pass only within a group. Who is in no group reaches everybody. Replaces an earlier split. */
  partition(...groups: readonly (readonly string[])[]): void;
  /** Cuts one direction of one link. */
  cut(from: string, to: string): void;
  /** Ends all partitions and cuts. */
  heal(): void;
  snapshot(): NetworkSnapshot;
}

/**
 * Makes a network whose nodes are functions, on a virtual clock.
 *
 * Reachability is looked at when a message is sent and again when it arrives. Not for code that opens sockets:
 * there it takes a proxy that breaks them.
 *
 * @throws `OptionError` for a rate outside 0 to 1, a delay that is none, or a name that is there twice
 * @example
 * ```ts
 * import { seededRandom, simulatedNetwork, virtualClock } from 'evenkeel/testing';
 * const clock = virtualClock();
 * const network = simulatedNetwork({ clock, random: seededRandom(1), delayMs: 5 });
 * const store = network.node('store', {
 *   disk: () => new Map<string, string>(),
 *   handle: (disk, request: { key: string; value?: string }) => {
 *     if (request.value !== undefined) disk.set(request.key, request.value);
 *     return disk.get(request.key);
 *   },
 * });
 * const written = store.send('client', { key: 'k', value: 'v' });
 * await clock.advance(10); // five there, five back
 * if ((await written) !== 'v') throw new Error('not stored');
 * store.restart('lost');
 * const read = store.send('client', { key: 'k' });
 * await clock.advance(10);
 * if ((await read) !== undefined) throw new Error('it remembers');
 * ```
 */
export function simulatedNetwork(options: SimulatedNetworkOptions): SimulatedNetwork {
  checkPort('simulatedNetwork', 'clock', options.clock, 'setTimeout');
  checkFunction('simulatedNetwork', 'random', options.random);
  return new Network(options);
}

class Network implements SimulatedNetwork {
  readonly #options: SimulatedNetworkOptions;
  readonly #machines: Map<string, NodeMachine> = new Map();
  readonly #links: Links = new Links();
  #weather: Weather;
  #sent = 0;
  #delivered = 0;
  #lost = 0;
  #doubled = 0;

  constructor(options: SimulatedNetworkOptions) {
    this.#options = options;
    this.#weather = weatherOf(options);
  }

  node<D, Q, A>(name: string, program: NodeProgram<D, Q, A>): SimulatedNode<D, Q, A> {
    checkText('simulatedNetwork', 'name', name);
    checkPort('simulatedNetwork', 'program', program, 'handle');
    checkPort('simulatedNetwork', 'program', program, 'disk');
    if (this.#machines.has(name)) throw new OptionError('simulatedNetwork', 'name', name, 'a new one');
    const machine = new NodeMachine(name, program as NodeProgram<unknown, unknown, unknown>);
    this.#machines.set(name, machine);
    return {
      name,
      get state() {
        return machine.state;
      },
      get disk() {
        return machine.disk as D;
      },
      send: (from, request, call) => this.#send(from, machine, request, call) as Promise<A>,
      crash: (then = 'silent') =>
        machine.crash(checkOneOf('crash', 'then', then, ['silent', 'refuse']) === 'refuse'),
      restart: (disk = 'kept') => machine.restart(checkOneOf('restart', 'disk', disk, ['kept', 'lost'])),
      freeze: () => machine.freeze(),
      thaw: () => machine.thaw(),
    };
  }

  conditions(conditions: NetworkConditions): void {
    this.#weather = weatherOf(conditions, this.#weather);
  }

  partition(...groups: readonly (readonly string[])[]): void {
    this.#links.partition(groups);
  }

  cut(from: string, to: string): void {
    this.#links.cut(from, to);
  }

  heal(): void {
    this.#links.heal();
  }

  snapshot(): NetworkSnapshot {
    return { sent: this.#sent, delivered: this.#delivered, lost: this.#lost, doubled: this.#doubled };
  }

  #send(from: string, to: NodeMachine, request: unknown, call: CallOptions | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const left = follow(call?.signal, this.#options.clock, reject);
      if (left === undefined) return;
      const answered = (failed: boolean, result: unknown): void => {
        this.#carry(to.name, from, () => {
          left();
          if (failed) reject(result);
          else resolve(result);
        });
      };
      this.#carry(from, to.name, () => {
        if (to.refuses) return answered(true, refusal());
        if (to.state === 'down') this.#lost++;
        else to.arrived({ request, answer: answered });
      });
    });
  }

  /** One message: lost, delivered, or delivered twice. */
  #carry(from: string, to: string, arrive: () => void): void {
    const { random } = this.#options;
    const { loss, duplication } = this.#weather;
    this.#sent++;
    if (!this.#links.open(from, to) || (loss > 0 && random() < loss)) {
      this.#lost++;
      return;
    }
    this.#deliver(from, to, arrive);
    if (duplication > 0 && random() < duplication) {
      this.#doubled++;
      this.#deliver(from, to, arrive);
    }
  }

  #deliver(from: string, to: string, arrive: () => void): void {
    const { clock, random } = this.#options;
    const { delayMs, order } = this.#weather;
    const nowMs = clock.now();
    const dueMs = nowMs + delayMs(random, from, to);
    const atMs = order === 'any' ? dueMs : this.#links.afterTheLast(from, to, dueMs);
    clock.setTimeout(() => {
      if (!this.#links.open(from, to)) {
        this.#lost++;
        return;
      }
      this.#delivered++;
      arrive();
    }, atMs - nowMs);
  }
}

/** Rejects when the signal aborts; answers with how to stop that, or `undefined` if it has aborted already. */
function follow(
  signal: AbortSignal | null | undefined,
  clock: SimulatedNetworkOptions['clock'],
  reject: (reason: unknown) => void,
): (() => void) | undefined {
  if (signal === null || signal === undefined) return () => {};
  const scope = new Scope(clock, Infinity);
  const hook = hookOf(reject);
  scope.under(signal);
  scope.add(hook);
  if (scope.aborted) return undefined;
  return () => {
    unlink(hook);
    scope.settle();
  };
}

function refusal(): Error {
  return Object.assign(new Error('the connection was refused'), { code: 'ECONNREFUSED', syscall: 'connect' });
}

/**
 * A node of a simulated network: a disk, a program, and whether it is up. What is not on the disk dies with a
 * crash: requests being worked on are never answered.
 */
import type { NodeProgram } from './options.ts';

/** `'frozen'`: as by SIGSTOP, it keeps what arrives and works it off when it is thawed. */
export type NodeState = 'up' | 'frozen' | 'down';

/** An arrived request, and where its answer goes. */
export interface Arrival {
  readonly request: unknown;
  readonly answer: (failed: boolean, result: unknown) => void;
}

/** What a frozen machine's sockets hold before it drops connections. */
const MAX_HELD = 1_000;

export class NodeMachine {
  readonly name: string;
  readonly #program: NodeProgram<unknown, unknown, unknown>;
  #disk: unknown;
  #state: NodeState = 'up';
  /** Goes up at each crash: the answer of a life that has ended is not sent. */
  #life = 0;
  #held: Arrival[] = [];
  #refusing = false;

  constructor(name: string, program: NodeProgram<unknown, unknown, unknown>) {
    this.name = name;
    this.#program = program;
    this.#disk = program.disk();
  }

  get state(): NodeState {
    return this.#state;
  }

  get disk(): unknown {
    return this.#disk;
  }

  /** Whether its machine is up though its process is not, so that it refuses connections. */
  get refuses(): boolean {
    return this.#state === 'down' && this.#refusing;
  }

  crash(refuses: boolean): void {
    this.#state = 'down';
    this.#refusing = refuses;
    this.#life++;
    this.#held = [];
  }

  restart(disk: 'kept' | 'lost'): void {
    if (this.#state !== 'down') this.crash(false);
    if (disk === 'lost') this.#disk = this.#program.disk();
    this.#state = 'up';
  }

  freeze(): void {
    if (this.#state === 'up') this.#state = 'frozen';
  }

  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'up';
    const held = this.#held;
    this.#held = [];
    for (const arrival of held) this.arrived(arrival);
  }

  arrived(arrival: Arrival): void {
    if (this.#state === 'down') return;
    if (this.#state === 'frozen') {
      if (this.#held.length < MAX_HELD) this.#held.push(arrival);
      return;
    }
    const life = this.#life;
    const answer = (failed: boolean, result: unknown): void => {
      if (life === this.#life) arrival.answer(failed, result);
    };
    try {
      const result = this.#program.handle(this.#disk, arrival.request);
      if (!(result instanceof Promise)) return answer(false, result);
      result.then(
        (value) => answer(false, value),
        (error: unknown) => answer(true, error),
      );
    } catch (error) {
      answer(true, error);
    }
  }
}

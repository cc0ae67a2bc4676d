/**
 * Pinning: before replicas are asked for the same thing, finding a version of it that enough of them have. Honest
 * replicas that are asked for "the latest" differ, because one is always a moment behind.
 *
 * It is the highest version that `required` independent operators have reached: the required-th of their versions,
 * from the top. The least of all, or of the first few, would let one that is stuck freeze everybody (creditcoin
 * 1367, hyperlane 9124); the highest of all would be one machine's word.
 */
import type { Context } from '../core/context.ts';
import { lostRace } from '../core/lost-race.ts';
import type { TimerHandle } from '../core/clock.ts';
import { QuorumError } from './errors.ts';
import { type Ask, FanOut } from './fan-out.ts';
import type { Vote } from './reply.ts';

/** How to find the version that all are asked for. */
export interface PinOptions<R> {
  /** Asks one replica how far it is: a block number, a log position. */
  readonly version: Ask<R, number>;
  /**
   * Milliseconds for which those who are slower are waited for once enough have answered, so that the version is not
   * that of the slowest of the first. @defaultValue 500
   */
  readonly waitMs?: number;
}

interface Heard {
  readonly operator: unknown;
  readonly version: number;
}

/** The version, and which replicas have reached it. */
export interface Pinned {
  readonly version: number;
  readonly places: readonly number[];
}

export class Pinning<R> extends FanOut<R, number> {
  readonly #required: number;
  readonly #operators: readonly unknown[];
  readonly #waitMs: number;
  readonly #call: Context['call'];
  readonly #heard: Map<number, Heard> = new Map();
  #timer: TimerHandle = undefined;
  #resolve: (pinned: Pinned) => void = nobody;
  #reject: (error: unknown) => void = nobody;

  constructor(
    replicas: readonly R[],
    context: Context,
    required: number,
    operators: readonly unknown[],
    waitMs: number,
  ) {
    super(replicas, context);
    this.#required = required;
    this.#operators = operators;
    this.#waitMs = waitMs;
    this.#call = context.call;
  }

  run(ask: Ask<R, number>, replicaTimeoutMs: number, context: Context): Promise<Pinned> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.askAll(ask, replicaTimeoutMs, context.scope);
    });
  }

  protected override heard(vote: Vote<R, number>, index: number): void {
    // What is no number is no version: the word of one replica must not end the call.
    if (vote.status === 'answered' && typeof vote.value === 'number' && !Number.isNaN(vote.value)) {
      this.#heard.set(index, { operator: this.#operators[index], version: vote.value });
    }
    if (this.out === 0) return this.#decide();
    if (this.#timer !== undefined || this.#operatorsHeard() < this.#required) return;
    this.#timer = this.#call.clock.setTimeout(() => this.#decide(), this.#waitMs);
  }

  protected override late(): void {}

  protected override left(reason: unknown): void {
    this.#clear();
    this.#reject(reason);
  }

  #operatorsHeard(): number {
    return new Set([...this.#heard.values()].map(({ operator }) => operator)).size;
  }

  #decide(): void {
    this.#end();
    const votes = this.#operatorsHeard();
    if (votes < this.#required) {
      const replies = this.replies(this.elapsedMs(), 'aborted');
      const of = new Set(this.#operators).size;
      return this.#reject(new QuorumError('agree', { required: this.#required, of, votes, replies }));
    }
    // Each operator's word is the furthest of its replicas.
    const furthest = new Map<unknown, number>();
    for (const { operator, version } of this.#heard.values()) {
      furthest.set(operator, Math.max(version, furthest.get(operator) ?? -Infinity));
    }
    const versions = [...furthest.values()].sort((a, b) => b - a);
    const version = versions[this.#required - 1] as number;
    const places = [...this.#heard].filter(([, heard]) => heard.version >= version).map(([place]) => place);
    this.#resolve({ version, places: places.sort((a, b) => a - b) });
  }

  #end(): void {
    this.#clear();
    this.close(lostRace());
  }

  #clear(): void {
    if (this.#timer !== undefined) this.#call.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function nobody(): void {}

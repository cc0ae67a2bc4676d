/**
 * A read that does not ask everybody at once: as many as it takes, in an order of preference; one more for each
 * that has failed or answered too little, at once; and one more, as a hedge, when the answers are late.
 */
import type { TimerHandle } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import type { Ask } from './fan-out.ts';
import { type Count, Race } from './race.ts';
import type { Vote } from './reply.ts';

/** Who decides on whom and when; the race only does it. */
export interface Stages {
  /** Places in the list of replicas, the preferred ones first. */
  order(): readonly number[];
  /** Milliseconds after which one more is asked, from now; `Infinity` for never. */
  delayMs(): number;
  /** May one more be asked although none has failed? */
  spend(): boolean;
  /** The replica at this place has answered, has failed, or was still out after so long. */
  measured(index: number, end: 'answered' | 'failed' | 'out', latencyMs: number): void;
}

export class StagedRace<R, V, T> extends Race<R, V, T> {
  readonly #stages: Stages;
  readonly #call: Context['call'];
  readonly #waiting: number[] = [];
  readonly #asked: Map<number, number> = new Map();
  #ask: Ask<R, V> | undefined = undefined;
  #replicaTimeoutMs = 0;
  #timer: TimerHandle = undefined;
  #over = false;

  constructor(replicas: readonly R[], context: Context, count: Count<R, V, T>, stages: Stages) {
    super(replicas, context, count);
    this.#stages = stages;
    this.#call = context.call;
  }

  protected override begin(ask: Ask<R, V>, replicaTimeoutMs: number, context: Context): void {
    this.#ask = ask;
    this.#replicaTimeoutMs = replicaTimeoutMs;
    this.#waiting.push(...this.#stages.order());
    context.scope?.add(this);
    this.#askEnough();
    this.#arm();
  }

  protected override heard(vote: Vote<R, V>, index: number): void {
    const askedMs = this.#asked.get(index) ?? 0;
    this.#asked.delete(index);
    this.#stages.measured(index, vote.status, vote.latencyMs - askedMs);
    super.heard(vote, index);
    if (!this.#over && !this.decided) this.#askEnough();
    else this.#end();
  }

  protected override close(reason: unknown): void {
    this.#end();
    super.close(reason);
  }

  /** Asks until those who are out could be enough, if all of them say what is needed. */
  #askEnough(): void {
    while (!this.#over && !this.decided && !this.counted.reachedWith([...this.#asked.keys()])) {
      if (!this.#askNext()) return;
    }
  }

  #askNext(): boolean {
    const index = this.#waiting.shift();
    if (index === undefined || this.#ask === undefined) return false;
    this.#asked.set(index, this.elapsedMs());
    this.askOne(this.#ask, index, this.#replicaTimeoutMs);
    return true;
  }

  #arm(): void {
    if (this.#over || this.decided || this.#waiting.length === 0) return;
    const delayMs = this.#stages.delayMs();
    if (delayMs === Infinity) return;
    this.#timer = this.#call.clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#over || this.decided || this.#waiting.length === 0 || !this.#stages.spend()) return;
      this.#askNext();
      this.#arm();
    }, delayMs);
  }

  /** Nobody more is asked. Those still out took at least so long, which is known of them too. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== undefined) this.#call.clock.clearTimeout(this.#timer);
    const nowMs = this.elapsedMs();
    for (const [index, askedMs] of this.#asked) this.#stages.measured(index, 'out', nowMs - askedMs);
  }
}

/**
 * A chart: what is known of one endpoint as a whole, by checks and by its own word, whatever its calls are about.
 * Its patients, one for each aspect, read it.
 */
import { checked, UNCHECKED, type Verdict } from '../structures/verdict.ts';
import { type Condition, worse } from './condition.ts';

/** Whoever ranks the endpoint by this chart, among other things. */
export interface Reader {
  /** The chart has changed. */
  judge(nowMs: number): void;
  /** The next success is to be noted, whoever else it tells nothing. */
  listen(): void;
}

export class Chart {
  /** The address as events may show it. */
  readonly label: string;
  readonly readers: Reader[] = [];
  #verdict: Verdict = UNCHECKED;
  #answered: Condition = 'well';
  #announced: Condition = 'well';
  /** Goes up with every change that its patients' ranks may depend on. */
  version = 0;
  /** Whether it has had a call, and one that succeeded, since the last turn of its checks. */
  called = false;
  succeeded = false;
  #why: string | undefined = undefined;

  constructor(label: string) {
    this.label = label;
  }

  get alive(): boolean {
    return this.#verdict.alive;
  }

  get confirmed(): boolean {
    return this.#verdict.confirmed;
  }

  get condition(): Condition {
    return worse(this.#answered, this.#announced);
  }

  /** Whether the last check has found nothing wrong. */
  get well(): boolean {
    return this.#verdict.alive && this.#verdict.row === 0 && this.#answered === 'well';
  }

  /** Why it is dead, or not well; `undefined` if it is well. */
  get reason(): string | undefined {
    if (!this.alive) return this.#why;
    const { condition } = this;
    return condition === 'well' ? undefined : `it says that it is ${condition}`;
  }

  /** A check has passed, with this answer; answers with what has changed by it. */
  passed(answer: Condition, healthyAfter: number, nowMs: number): string | undefined {
    const before = this.condition;
    this.#answered = answer;
    const judged = this.#judged(true, healthyAfter, nowMs);
    const turned = this.#turned(before, nowMs);
    return judged === 'alive' ? judged : (turned ?? judged);
  }

  failed(unhealthyAfter: number, nowMs: number): string | undefined {
    this.#why = `${unhealthyAfter} checks in a row failed`;
    return this.#judged(false, unhealthyAfter, nowMs);
  }

  announced(condition: Condition, nowMs: number): string | undefined {
    const before = this.condition;
    this.#announced = condition;
    return this.#turned(before, nowMs);
  }

  /** A turn of the checks is over: from now on it is noted anew whether it has calls. */
  listen(): void {
    this.called = false;
    this.succeeded = false;
    for (const reader of this.readers) reader.listen();
  }

  #judged(passed: boolean, after: number, nowMs: number): string | undefined {
    const before = this.#verdict;
    this.#verdict = checked(before, passed, after, after);
    if (before.alive !== this.#verdict.alive) {
      this.#revise(nowMs);
      return passed ? 'alive' : 'dead';
    }
    return before.confirmed === this.#verdict.confirmed ? undefined : 'confirmed';
  }

  #turned(before: Condition, nowMs: number): string | undefined {
    const { condition } = this;
    if (condition === before) return undefined;
    this.#revise(nowMs);
    return condition;
  }

  #revise(nowMs: number): void {
    this.version++;
    for (const reader of this.readers) reader.judge(nowMs);
  }
}

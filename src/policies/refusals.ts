/** What guards that refuse calls have in common: whether they mean it, how often, and who is told. */
import type { Reporter } from '../core/observer.ts';

export class Refusals {
  count = 0;
  /** Whether calls are let through all the same. */
  observes = false;
  readonly #reporter: Reporter;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** Counts and tells a refusal. */
  add(facts: Readonly<Record<string, unknown>>): void {
    this.count++;
    if (this.#reporter.on) this.#reporter.tell(this.observes ? 'would-refuse' : 'refused', facts);
  }
}

/** What guards that refuse calls have in common: whether they mean it, how often, and who is told. */
import { type Observer, Reporter } from '../core/observer.ts';
import { checkOneOf } from '../core/options.ts';

/** `'observe'` decides, counts and tells, and lets every call through: to try a limit out. */
export type GuardMode = 'enforce' | 'observe';

export class Refusals {
  count = 0;
  readonly #mode: GuardMode;
  readonly #reporter: Reporter;

  constructor(
    where: string,
    room: string,
    options: { readonly mode?: GuardMode; readonly name?: string; readonly observer?: Observer },
  ) {
    this.#mode = checkOneOf(where, 'mode', options.mode ?? 'enforce', ['enforce', 'observe']);
    this.#reporter = new Reporter(room, options);
  }

  get observes(): boolean {
    return this.#mode === 'observe';
  }

  /** Counts and tells a refusal. */
  add(facts: Readonly<Record<string, unknown>>): void {
    this.count++;
    if (this.#reporter.on) this.#reporter.tell(this.observes ? 'would-refuse' : 'refused', facts);
  }
}

/** What several trackers keep of one endpoint, as one: the worst or the best of them, and each hears of all calls. */
import { DEAD, type EndpointHealth, HEALTHY, type Rank } from '../core/health.ts';
import type { Outcome } from '../core/outcome.ts';

export type Rule = 'worst' | 'best';

export class MergedHealth implements EndpointHealth {
  readonly #parts: readonly EndpointHealth[];
  readonly #rule: Rule;
  // A generation is one of all parts together: it ends when that of any of them does.
  readonly #seen: number[];
  #ticket = 1;
  // The parts' own tickets of the trials under way, the oldest first; as many as there are parts.
  readonly #trials = new Map<number, readonly number[]>();

  constructor(parts: readonly EndpointHealth[], rule: Rule) {
    this.#parts = parts;
    this.#rule = rule;
    this.#seen = parts.map(({ ticket }) => ticket);
  }

  isOf(parts: readonly EndpointHealth[]): boolean {
    return parts.every((part, index) => part === this.#parts[index]);
  }

  get rank(): Rank {
    let rank: Rank = this.#rule === 'worst' ? HEALTHY : DEAD;
    for (const part of this.#parts) {
      if (this.#rule === 'worst' ? part.rank > rank : part.rank < rank) rank = part.rank;
    }
    return rank;
  }

  get reason(): string | undefined {
    const { rank } = this;
    return this.#parts.find((part) => part.rank === rank)?.reason;
  }

  get confirmed(): boolean {
    const confirmed = (part: EndpointHealth): boolean => part.confirmed;
    return this.#rule === 'worst' ? this.#parts.every(confirmed) : this.#parts.some(confirmed);
  }

  get sinceMs(): number {
    return Math.max(...this.#parts.map(({ sinceMs }) => sinceMs));
  }

  get ticket(): number {
    let [index, changed] = [0, false];
    for (const { ticket } of this.#parts) {
      if (ticket !== this.#seen[index]) changed = true;
      this.#seen[index++] = ticket;
    }
    if (changed) this.#ticket++;
    return this.#ticket;
  }

  /** Any part may want a trial; whoever wants none hears of the call as of any other. */
  admitTrial(nowMs: number): number | undefined {
    const wanted = this.#parts.map((part) => part.admitTrial(nowMs));
    if (wanted.every((ticket) => ticket === undefined)) return undefined;
    const trial = ++this.#ticket;
    this.#trials.set(
      trial,
      wanted.map((ticket, index) => ticket ?? (this.#parts[index] as EndpointHealth).ticket),
    );
    for (const oldest of this.#trials.keys()) {
      if (this.#trials.size <= this.#parts.length) break;
      this.#trials.delete(oldest);
    }
    // Whatever begins meanwhile is no trial.
    this.#ticket++;
    return trial;
  }

  report(ticket: number, outcome: Outcome, latencyMs: number, nowMs: number): void {
    const tickets = this.#trials.get(ticket) ?? (ticket === this.ticket ? this.#seen : undefined);
    if (tickets === undefined) return;
    this.#trials.delete(ticket);
    // A part's change must not change what the others are told.
    for (const [index, own] of [...tickets].entries())
      this.#parts[index]?.report(own, outcome, latencyMs, nowMs);
  }
}

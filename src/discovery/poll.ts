/** Asks, waits, asks again: the work of every source that has to be asked. */
import { Background } from '../core/background.ts';
import type { Clock, TimerHandle } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { errand } from '../core/errand.ts';
import { Scope } from '../core/scope.ts';
import type { Backoff } from './backoff.ts';
import { SourceStoppedError } from './errors.ts';
import type { Told, Work } from './shared-source.ts';

/** An answer, and when it wants to be asked for again. */
export interface Asked {
  readonly list: unknown;
  readonly nextMs: number;
}

export interface PollOptions {
  readonly ask: (context: Context) => Promise<Asked>;
  /** For one ask. */
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  readonly clock: Clock;
}

/** The work of a source that is only asked. */
export function polls(options: PollOptions): Work {
  return (told) => {
    const poll = new Poll(options, told);
    poll.begin();
    return () => poll.end();
  };
}

/** One run: from `begin` to `end`, and never again. At most one ask is out at a time. */
export class Poll {
  readonly #options: PollOptions;
  readonly #told: Told;
  readonly #background = new Background();
  readonly #scope: Scope;
  #timer: TimerHandle = undefined;
  // When the next ask is due; `undefined` while one is out.
  #dueMs: number | undefined = undefined;
  // How soon somebody has asked for another while one was out.
  #hurryMs = Infinity;
  #asks = 0;
  #open = true;

  constructor(options: PollOptions, told: Told) {
    this.#options = options;
    this.#told = told;
    this.#scope = new Scope(options.clock, Infinity);
  }

  begin(): void {
    void this.#ask();
  }

  /** Asks again within `ms`: there may be news. What is being asked now may have missed it, so it is asked after. */
  hurry(ms: number): void {
    const { clock } = this.#options;
    if (!this.#open) return;
    if (this.#dueMs === undefined) this.#hurryMs = Math.min(this.#hurryMs, ms);
    else if (clock.now() + ms < this.#dueMs) this.#askIn(ms);
  }

  end(): void {
    this.#open = false;
    this.#options.clock.clearTimeout(this.#timer);
    this.#scope.abort(new SourceStoppedError());
  }

  async #ask(): Promise<void> {
    const { ask, timeoutMs, backoff, clock } = this.#options;
    this.#dueMs = undefined;
    this.#asks++;
    let nextMs: number | undefined;
    try {
      const asked = await errand(
        (_, context) => ask(context),
        undefined,
        clock,
        timeoutMs,
        this.#scope,
        this.#asks,
      );
      if (this.#told.found(asked.list)) nextMs = asked.nextMs;
    } catch (error) {
      this.#told.failed(error);
    }
    if (!this.#open) return;
    if (nextMs !== undefined) backoff.succeeded();
    this.#askIn(Math.min(nextMs ?? backoff.failed(), this.#hurryMs));
    this.#hurryMs = Infinity;
  }

  #askIn(ms: number): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#dueMs = clock.now() + ms;
    if (ms === Infinity) return;
    const due = (): void => {
      if (this.#open) void this.#ask();
    };
    this.#timer = clock.setTimeout(() => this.#background.run(due), ms, 'background');
  }
}

/**
 * The prober: gives each endpoint a turn every so often, jittered, at which it is checked if it has to be, and
 * never checks more than a few at once.
 */
import { Background } from '../core/background.ts';
import type { Clock, TimerHandle } from '../core/clock.ts';
import { errand } from '../core/errand.ts';
import { Gate } from '../core/gate.ts';
import { failureOf, type Outcome, STALL_MS, SUCCESS } from '../core/outcome.ts';
import type { Random } from '../core/random.ts';
import { nextTurnMs, turn } from '../structures/probe-pace.ts';
import type { Chart } from './chart.ts';
import type { CheckedProbe } from './options.ts';

/** Who hears of the checks. */
export interface Asker {
  /** A check has ended: with a success and this answer, or with a failure. */
  checked(chart: Chart, outcome: Outcome, answer: unknown): void;
  /** Calls have found the endpoint well, so that no check was made. */
  skipped(chart: Chart): void;
  /** A timer of this process rang late. */
  heldUp(): void;
}

/** One endpoint's checks; stopped once and for all. */
interface Round<E> {
  readonly chart: Chart;
  readonly address: E;
  timer: TimerHandle;
  stopped: boolean;
  checkedMs: number;
  skipped: number;
}

export class Prober<E> {
  readonly #probe: CheckedProbe<E>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #asker: Asker;
  readonly #gate: Gate;
  // Checks run in the async context of whoever created the tracker, not of whoever called first (law 8).
  readonly #background = new Background();
  readonly #rounds = new Map<Chart, Round<E>>();

  constructor(probe: CheckedProbe<E>, clock: Clock, random: Random, asker: Asker) {
    this.#probe = probe;
    this.#clock = clock;
    this.#random = random;
    this.#asker = asker;
    // Each endpoint has at most one check out, so the number of endpoints bounds the queue.
    this.#gate = new Gate('healthTracker.probe', { maxConcurrent: probe.maxConcurrent, maxQueue: Infinity });
  }

  /** Gives the endpoint its first turn now, and then one every so often, until `stop`. */
  begin(chart: Chart, address: E): void {
    if (this.#rounds.has(chart)) return;
    const round: Round<E> = {
      chart,
      address,
      timer: undefined,
      stopped: false,
      checkedMs: -Infinity,
      skipped: 0,
    };
    this.#rounds.set(chart, round);
    this.#turn(round);
  }

  stop(chart: Chart): void {
    const round = this.#rounds.get(chart);
    if (round === undefined) return;
    round.stopped = true;
    this.#clock.clearTimeout(round.timer);
    this.#rounds.delete(chart);
  }

  #turn(round: Round<E>): void {
    const { chart } = round;
    const nowMs = this.#clock.now();
    const checked = round.checkedMs !== -Infinity;
    const { well, called, succeeded } = chart;
    const agoMs = nowMs - round.checkedMs;
    const patrol = { well, checked, called, succeeded, agoMs, skipped: round.skipped };
    const what = turn(this.#probe, patrol);
    chart.listen();
    if (what !== 'rest') round.checkedMs = nowMs;
    round.skipped = what === 'skip' ? round.skipped + 1 : 0;
    if (what === 'check') this.#background.run(() => void this.#check(round));
    else {
      if (what === 'skip') this.#asker.skipped(chart);
      this.#wait(round);
    }
  }

  async #check(round: Round<E>): Promise<void> {
    let [outcome, answer]: [Outcome, unknown] = [SUCCESS, undefined];
    try {
      answer = await this.#gate.run(() => this.#ask(round));
    } catch (error) {
      outcome = failureOf(error);
    }
    if (round.stopped) return;
    this.#asker.checked(round.chart, outcome, answer);
    this.#wait(round);
  }

  async #ask(round: Round<E>): Promise<unknown> {
    if (round.stopped) return undefined;
    const { check, timeoutMs } = this.#probe;
    return errand(check, round.address, this.#clock, timeoutMs);
  }

  #wait(round: Round<E>): void {
    const waitMs = nextTurnMs(this.#probe, round.chart.well, this.#random());
    const dueMs = this.#clock.now() + waitMs;
    const ring = (): void => {
      if (this.#clock.now() - dueMs >= STALL_MS) this.#asker.heldUp();
      this.#turn(round);
    };
    round.timer = this.#clock.setTimeout(ring, waitMs, 'background');
  }
}

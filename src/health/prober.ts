/** The prober: checks each endpoint every so often, jittered, and never more than a few at once. */
import { Background } from '../core/background.ts';
import type { Clock, TimerHandle } from '../core/clock.ts';
import { errand } from '../core/errand.ts';
import { Gate } from '../core/gate.ts';
import type { Random } from '../core/random.ts';
import type { CheckedProbe } from './options.ts';

/** One endpoint's checks; stopped once and for all. */
interface Round<E> {
  readonly address: E;
  readonly told: (passed: boolean) => void;
  timer: TimerHandle;
  stopped: boolean;
}

export class Prober<E> {
  readonly #probe: CheckedProbe<E>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #gate: Gate;
  // Checks run in the async context of whoever created the tracker, not of whoever called first (law 8).
  readonly #background = new Background();
  readonly #rounds = new Map<object, Round<E>>();

  constructor(probe: CheckedProbe<E>, clock: Clock, random: Random) {
    this.#probe = probe;
    this.#clock = clock;
    this.#random = random;
    // Each endpoint has at most one check out, so the number of endpoints bounds the queue.
    this.#gate = new Gate('healthTracker.probe', { maxConcurrent: probe.maxConcurrent, maxQueue: Infinity });
  }

  /** Checks the endpoint now, and then at every interval, until `stop(key)`. */
  begin(key: object, address: E, told: (passed: boolean) => void): void {
    if (this.#rounds.has(key)) return;
    const round: Round<E> = { address, told, timer: undefined, stopped: false };
    this.#rounds.set(key, round);
    this.#soon(round);
  }

  stop(key: object): void {
    const round = this.#rounds.get(key);
    if (round === undefined) return;
    round.stopped = true;
    this.#clock.clearTimeout(round.timer);
    this.#rounds.delete(key);
  }

  #soon(round: Round<E>): void {
    this.#background.run(() => void this.#check(round));
  }

  async #check(round: Round<E>): Promise<void> {
    const passed = await this.#gate.run(() => this.#ask(round)).catch(() => false);
    if (round.stopped) return;
    round.told(passed);
    const jitter = 0.9 + 0.2 * this.#random();
    round.timer = this.#clock.setTimeout(
      () => this.#soon(round),
      this.#probe.intervalMs * jitter,
      'background',
    );
  }

  async #ask(round: Round<E>): Promise<boolean> {
    if (round.stopped) return false;
    const { check, timeoutMs } = this.#probe;
    await errand(check, round.address, this.#clock, timeoutMs);
    return true;
  }
}

import { type Baseline, type BaselineRules, learnt, NO_BASELINE } from '../structures/baseline.ts';
import { checkWindow, type CountingWindow } from './counting-window.ts';
import { OptionError } from './errors.ts';
import { checkInterval, checkNumber } from './options.ts';
import type { OutcomeKind } from './outcome.ts';
import type { TripCounter, TripRule } from './trip-rule.ts';

export interface SlowCallsOptions {
  /** Milliseconds over which calls are counted. @defaultValue 10_000, unless `windowCalls` is given */
  readonly windowMs?: number;
  /** How many of the last calls are counted, however long ago they were, in place of `windowMs`. */
  readonly windowCalls?: number;
  /** Fewer calls than this in the window never trip. @defaultValue 20, or `windowCalls` if that is less */
  readonly minimumCalls?: number;
  /** The share of slow calls, above 0 up to 1, at which the rule trips. @defaultValue 0.5 */
  readonly rate?: number;
  /** Milliseconds above which a call is slow. Either this or `factor`. */
  readonly slowMs?: number;
  /** So many times what calls took before, above 1, and a call is slow. Either this or `slowMs`. */
  readonly factor?: number;
}

/** What is normal fades over this many windows. */
const FADE_WINDOWS = 10;

/**
 * Trips when the share of slow calls over a sliding window reaches `rate` (resilience4j, `slowCallRateThreshold`).
 *
 * With `slowMs` a call is slow that takes longer; with `factor` one that takes so many times longer than the mean
 * of the ten windows before, which `minimumCalls` calls establish. Failures that took long are slow as well, so
 * timeouts count; overloads do not count at all. Not in place of a cost: a balancer avoids who is slow at once,
 * without ejecting it, and this is for those that are slow and get calls all the same.
 *
 * @throws {@link OptionError} for a value out of its range, and if not exactly one of `slowMs` and `factor` is given
 * @example
 * ```ts
 * import { healthTracker, slowCalls } from 'evenkeel';
 * const health = healthTracker<string>({ detectors: [slowCalls({ slowMs: 1000, minimumCalls: 10 })] });
 * health.watch(['a', 'b']);
 * for (let n = 0; n < 10; n++) health.report('a', 'success', n % 2 === 0 ? 5 : 3000);
 * if (health.status('a') !== 'unhealthy') throw new Error('half of its calls were slow');
 * ```
 */
export function slowCalls(options: SlowCallsOptions): TripRule {
  const where = 'slowCalls';
  const { slowMs, factor } = options;
  if ((slowMs === undefined) === (factor === undefined))
    throw new OptionError(where, 'slowMs', slowMs, 'given if and only if factor is not');
  const { minimumCalls, open } = checkWindow(where, options);
  const settings: Settings = {
    open,
    minimumCalls,
    fadeMs: FADE_WINDOWS * (options.windowMs ?? 10_000),
    rate: checkNumber(where, 'rate', options.rate ?? 0.5, Number.MIN_VALUE, 1),
    slowMs: slowMs === undefined ? undefined : checkInterval(where, 'slowMs', slowMs),
    factor: factor === undefined ? 1 : checkNumber(where, 'factor', factor, 1),
  };
  if (slowMs === undefined && factor === 1) throw new OptionError(where, 'factor', factor, 'above 1');
  return { timed: true, counter: () => new SlowCounter(settings) };
}

interface Settings {
  readonly open: () => CountingWindow;
  /** Milliseconds over which what is normal fades. */
  readonly fadeMs: number;
  readonly minimumCalls: number;
  readonly rate: number;
  readonly slowMs: number | undefined;
  readonly factor: number;
}

class SlowCounter implements TripCounter {
  /** Every call counts. */
  readonly calm: boolean = false;
  readonly #settings: Settings;
  readonly #window: CountingWindow;
  readonly #learning: BaselineRules;
  #normal: Baseline = NO_BASELINE;

  constructor(settings: Settings) {
    const { fadeMs, minimumCalls, factor } = settings;
    this.#settings = settings;
    this.#window = settings.open();
    this.#learning = { fadeMs, clip: factor, first: minimumCalls };
  }

  record(kind: OutcomeKind, durationMs: number, nowMs: number): boolean {
    if (kind !== 'success' && kind !== 'failure') return false;
    const { minimumCalls, rate } = this.#settings;
    const window = this.#window;
    window.add(nowMs, this.#isSlow(kind, durationMs, nowMs) ? 1 : 0);
    return window.count >= minimumCalls && window.sum >= rate * window.count;
  }

  /** What is normal stays: who comes back as slow as it went has not become normal by going. */
  reset(): void {
    this.#window.clear();
  }

  reason(): string {
    return `${this.#window.sum} of ${this.#window.count} calls were slow`;
  }

  #isSlow(kind: OutcomeKind, durationMs: number, nowMs: number): boolean {
    const { slowMs, factor, minimumCalls } = this.#settings;
    if (slowMs !== undefined) return durationMs > slowMs;
    const before = this.#normal;
    // A failure that is fast says nothing of what an answer takes.
    if (kind === 'success') this.#normal = learnt(before, durationMs, nowMs, this.#learning);
    return before.calls >= minimumCalls && durationMs > factor * before.ms;
  }
}

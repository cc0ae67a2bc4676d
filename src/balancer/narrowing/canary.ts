/**
 * Canary: a new version gets a small part of the calls, and is watched beside the stable one; if it does worse,
 * it gets no more.
 */
import type { Endpoint } from '../../core/endpoint.ts';
import type { Outcome } from '../../core/outcome.ts';
import { checkCount, checkFunction, checkInterval, checkNumber } from '../../core/options.ts';
import type { CallOptions } from '../../core/transport.ts';
import { hash32 } from '../../structures/hash.ts';
import { RollingWindow } from '../../structures/rolling-window.ts';
import type { Candidate, PickedCall, Picker, PickerState, PickerTools } from '../pickers/picker.ts';
import { Groups } from './groups.ts';
import type { Narrowing } from './narrowing.ts';

/** How one of the two versions has done over the window. */
export interface CanaryFigures {
  readonly calls: number;
  /** From 0 to 1. */
  readonly failureRate: number;
  /** The mean of its successes; 0 if there are none. */
  readonly latencyMs: number;
}

export interface CanaryOptions<E> {
  /** The part of the calls that the canary gets, from 0 to 1. @defaultValue 0.05 */
  readonly share?: number;
  /** Which endpoints are the canary. @defaultValue those whose label `version` is `'canary'` */
  readonly is?: (endpoint: Endpoint<E>) => boolean;
  /** Calls with the same key meet the same version; without a key it is chance. @defaultValue the `affinityKey` */
  readonly by?: (options: CallOptions) => string | undefined;
  /** Lets the share grow evenly from `share` to `to`, over `overMs` from the first call. @defaultValue it stays */
  readonly ramp?: { readonly to: number; readonly overMs: number };
  /**
   * Whether the canary does worse; asked after each of its calls once there were `minimumCalls`.
   * @defaultValue its failure rate is more than 5 points above the stable one's, or it takes more than twice as long
   */
  readonly abortWhen?: (canary: CanaryFigures, stable: CanaryFigures) => boolean;
  /** Calls of each version before the two are compared. @defaultValue 50 */
  readonly minimumCalls?: number;
  /** Milliseconds over which figures are gathered. @defaultValue 60_000 */
  readonly windowMs?: number;
}

export type CanaryState = 'running' | 'rolled-back' | 'promoted';

/** What {@link canary} makes. */
export interface Canary<E = unknown> extends Narrowing<E> {
  readonly state: CanaryState;
  /** No more calls for the canary. */
  rollback(): void;
  /** All calls for the canary. */
  promote(): void;
  snapshot(): CanarySnapshot;
}

export interface CanarySnapshot {
  readonly state: CanaryState;
  readonly canary: CanaryFigures;
  readonly stable: CanaryFigures;
}

/**
 * Gives a new version a small part of the calls, and takes it back when it does worse than the stable one: the
 * event `canary-rolled-back` has both figures.
 *
 * A call that failed on the canary is tried again on the stable version, so put a `retry` outside. Not for a
 * switch of everybody at once: see `blueGreen`.
 *
 * @throws {@link OptionError} for an option out of its range
 * @example
 * ```ts
 * import { balance, canary, endpoint } from 'evenkeel';
 * const trial = canary({ share: 0.1 });
 * const call = balance({
 *   endpoints: ['a', 'b', endpoint('new', { labels: { version: 'canary' } })],
 *   send: async (host) => {
 *     if (host === 'new') throw new Error('broken');
 *     return host;
 *   },
 *   narrow: [trial],
 * });
 * for (let n = 0; n < 5000; n++) await call().catch(() => {});
 * if (trial.state !== 'rolled-back') throw new Error(JSON.stringify(trial.snapshot()));
 * ```
 */
export function canary<E = unknown>(options: CanaryOptions<E> = {}): Canary<E> {
  const where = 'canary';
  const share = checkNumber(where, 'share', options.share ?? 0.05, 0, 1);
  const ramp = options.ramp && {
    to: checkNumber('canary.ramp', 'to', options.ramp.to, 0, 1),
    overMs: checkInterval('canary.ramp', 'overMs', options.ramp.overMs),
  };
  const trial = new Trial<E>({
    share,
    ramp: ramp ?? { to: share, overMs: Infinity },
    is: checkFunction(
      where,
      'is',
      options.is ?? (({ labels }: Endpoint<E>) => labels['version'] === 'canary'),
    ),
    by: checkFunction(where, 'by', options.by ?? (({ affinityKey }: CallOptions) => affinityKey)),
    abortWhen: checkFunction(where, 'abortWhen', options.abortWhen ?? doesWorse),
    minimumCalls: checkCount(where, 'minimumCalls', options.minimumCalls ?? 50),
    windowMs: checkInterval(where, 'windowMs', options.windowMs ?? 60_000),
  });
  const narrow: Narrowing<E> = (inner) => ({ create: (tools) => new ByTrial(trial, inner, tools) });
  const more = {
    rollback: () => {
      trial.state = 'rolled-back';
    },
    promote: () => {
      trial.state = 'promoted';
    },
    snapshot: () => trial.snapshot(),
  };
  return Object.defineProperty(Object.assign(narrow, more), 'state', { get: () => trial.state }) as Canary<E>;
}

function doesWorse(canary: CanaryFigures, stable: CanaryFigures): boolean {
  const slow = stable.latencyMs > 0 && canary.latencyMs > 2 * stable.latencyMs;
  return canary.failureRate > stable.failureRate + 0.05 || slow;
}

interface Checked<E> extends Required<Omit<CanaryOptions<E>, 'ramp'>> {
  readonly ramp: { readonly to: number; readonly overMs: number };
}

/** One version's calls over the window. */
class Tally {
  readonly #failures: RollingWindow;
  readonly #latencies: RollingWindow;

  constructor(windowMs: number) {
    this.#failures = new RollingWindow(windowMs);
    this.#latencies = new RollingWindow(windowMs);
  }

  count(outcome: Outcome, latencyMs: number, nowMs: number): void {
    if (outcome.kind === 'ignored') return;
    const failed = outcome.kind !== 'success';
    this.#failures.add(nowMs, failed ? 1 : 0);
    if (!failed) this.#latencies.add(nowMs, latencyMs);
  }

  figures(): CanaryFigures {
    const { count: calls, sum: failures } = this.#failures;
    const { count: answered, sum: latencies } = this.#latencies;
    return {
      calls,
      failureRate: calls === 0 ? 0 : failures / calls,
      latencyMs: answered === 0 ? 0 : latencies / answered,
    };
  }
}

/** What the balancers that share a canary know of it together. */
class Trial<E> {
  readonly options: Checked<E>;
  state: CanaryState = 'running';
  readonly #canary: Tally;
  readonly #stable: Tally;
  #startMs: number | undefined = undefined;

  constructor(options: Checked<E>) {
    this.options = options;
    this.#canary = new Tally(options.windowMs);
    this.#stable = new Tally(options.windowMs);
  }

  snapshot(): CanarySnapshot {
    return { state: this.state, canary: this.#canary.figures(), stable: this.#stable.figures() };
  }

  shareAt(nowMs: number): number {
    if (this.state !== 'running') return this.state === 'promoted' ? 1 : 0;
    const { share, ramp } = this.options;
    const part = Math.min(1, Math.max(0, nowMs - (this.#startMs ??= nowMs)) / ramp.overMs);
    return share + (ramp.to - share) * part;
  }

  /** Counts a call; answers with the figures if they end the trial. */
  count(isCanary: boolean, outcome: Outcome, latencyMs: number, nowMs: number): CanarySnapshot | undefined {
    (isCanary ? this.#canary : this.#stable).count(outcome, latencyMs, nowMs);
    if (!isCanary || this.state !== 'running') return undefined;
    const { canary, stable } = this.snapshot();
    const { minimumCalls } = this.options;
    if (canary.calls < minimumCalls || stable.calls < minimumCalls) return undefined;
    if (!this.#isWorse(canary, stable)) return undefined;
    this.state = 'rolled-back';
    return this.snapshot();
  }

  /** A rule that throws decides nothing: the call that it was asked after must not fail by it. */
  #isWorse(canary: CanaryFigures, stable: CanaryFigures): boolean {
    try {
      return this.options.abortWhen(canary, stable);
    } catch {
      return false;
    }
  }
}

class ByTrial<E> implements PickerState<E> {
  readonly #trial: Trial<E>;
  readonly #tools: PickerTools;
  readonly #groups: Groups<E, 'canary' | 'stable'>;

  constructor(trial: Trial<E>, inner: Picker<E>, tools: PickerTools) {
    this.#trial = trial;
    this.#tools = tools;
    this.#groups = new Groups(inner, tools, (candidate) => this.#versionOf(candidate));
  }

  update(candidates: readonly Candidate<E>[]): void {
    this.#groups.update(candidates);
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    const share = this.#trial.shareAt(nowMs);
    const version = call.tried === undefined && this.#draw(call) < share ? 'canary' : 'stable';
    const group = this.#groups.orFirst(version);
    call.trace?.note(`${group.key}: the canary has ${Math.round(share * 1000) / 10} %`);
    // Who was rolled back is called by nobody, even if the stable ones are unwell.
    if (this.#trial.state === 'rolled-back') return group.picker.pick(nowMs, call);
    return this.#groups.pick(group, nowMs, call);
  }

  ended(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void {
    const ends = this.#trial.count(this.#versionOf(candidate) === 'canary', outcome, latencyMs, nowMs);
    if (ends !== undefined && this.#tools.reporter.on)
      this.#tools.reporter.tell('canary-rolled-back', { canary: ends.canary, stable: ends.stable });
    this.#groups.ended(candidate, outcome, latencyMs, nowMs);
  }

  dispose(): void {
    this.#groups.dispose();
  }

  #versionOf({ endpoint }: Candidate<E>): 'canary' | 'stable' {
    return this.#trial.options.is(endpoint) ? 'canary' : 'stable';
  }

  /** From 0 up to 1: by the key, so that who is in stays in while the share grows; else by chance. */
  #draw({ options }: PickedCall): number {
    const key = options && this.#trial.options.by(options);
    return key === undefined ? this.#tools.random() : hash32(key) / 2 ** 32;
  }
}

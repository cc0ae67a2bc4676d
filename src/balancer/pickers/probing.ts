/**
 * Probing: servers say how loaded they are, before a call is sent, and the call goes to the best of a small pool
 * of recent answers (Prequal; see structures/probe-pool.ts). The probes are asked in the background, a few for
 * each call, and serve the calls after it: no call waits for one.
 */
import { Background } from '../../core/background.ts';
import type { Clock } from '../../core/clock.ts';
import { errand } from '../../core/errand.ts';
import { HEALTHY } from '../../core/health.ts';
import { checkCount, checkFunction, checkInterval, checkNumber } from '../../core/options.ts';
import type { Random } from '../../core/random.ts';
import type { CallContext } from '../../core/transport.ts';
import { ProbePool, reuseLimit } from '../../structures/probe-pool.ts';
import { p2c } from './p2c.ts';
import {
  type Candidate,
  type PickedCall,
  type Picker,
  type PickerState,
  type PickerTools,
  standing,
} from './picker.ts';

/** What a server answers to a probe. */
export interface ProbeAnswer {
  /** Requests that it is working on, from all of its clients. */
  readonly inFlight: number;
  /**
   * Milliseconds that a request takes that comes now: the median of the last ones that met about as many others as
   * there are now, in the last seconds. The median of all would tell of the past: everybody would go where it was quick
   * then, and who was slow once would never be asked again.
   */
  readonly latencyMs: number;
}

export interface ProbingOptions<E> {
  /** Asks one server how loaded it is; must be cheap for it. */
  readonly probe: (address: E, context: CallContext) => Promise<ProbeAnswer>;
  /** Probes for each call; may be a fraction. @defaultValue 3 */
  readonly probesPerCall?: number;
  /** Answers taken out of the pool with each call, in turn the oldest and the worst. @defaultValue 1 */
  readonly removalsPerCall?: number;
  /** Answers that are kept. @defaultValue 16 */
  readonly poolSize?: number;
  /** Milliseconds after which an answer is too old to use. @defaultValue 1_000 */
  readonly maxAgeMs?: number;
  /** Servers busier than this quantile of the pool are avoided, however fast; 0 to 1. @defaultValue 0.84 */
  readonly hotQuantile?: number;
  /** Milliseconds that a probe may take. @defaultValue 100 */
  readonly timeoutMs?: number;
  /** Probes under way at most; beyond it none are begun. @defaultValue 64 */
  readonly maxProbes?: number;
  /** Places calls while the pool holds fewer than two answers. @defaultValue `p2c()` */
  readonly unprobed?: Picker<E>;
}

/**
 * Picks by what servers say of their load: of recent answers, the fastest server that is not among the busiest.
 *
 * For fleets of many clients where each sees only a little of a server's load: there the calls in flight of one
 * client say nothing. Costs a few tiny requests per call, so not where a call is itself tiny; `p2c` is simpler
 * and nearly as good where there are few clients.
 *
 * @throws {@link OptionError} for an option out of its range
 * @example
 * ```ts
 * import { balance, probing } from 'evenkeel';
 * const load: Record<string, number> = { a: 90, b: 2, c: 80 };
 * const call = balance({
 *   endpoints: ['a', 'b', 'c'],
 *   send: async (host) => host,
 *   pick: probing({ probe: async (host: string) => ({ inFlight: load[host] ?? 0, latencyMs: 10 }) }),
 * });
 * await call(); // its probes are for those after it
 * await new Promise((resolve) => setTimeout(resolve, 1));
 * if ((await call()) !== 'b') throw new Error('not the one with room');
 * ```
 */
export function probing<E>(options: ProbingOptions<E>): Picker<E> {
  const where = 'probing';
  const checked = {
    probe: checkFunction(where, 'probe', options.probe),
    probesPerCall: checkNumber(where, 'probesPerCall', options.probesPerCall ?? 3, 0, 100),
    removalsPerCall: checkNumber(where, 'removalsPerCall', options.removalsPerCall ?? 1, 0, 100),
    poolSize: checkCount(where, 'poolSize', options.poolSize ?? 16, 2),
    maxAgeMs: checkInterval(where, 'maxAgeMs', options.maxAgeMs ?? 1000),
    hotQuantile: checkNumber(where, 'hotQuantile', options.hotQuantile ?? 2 ** -0.25, 0, 1),
    timeoutMs: checkInterval(where, 'timeoutMs', options.timeoutMs ?? 100),
    maxProbes: checkCount(where, 'maxProbes', options.maxProbes ?? 64),
  };
  return { create: (tools) => new Probing(checked, tools, (options.unprobed ?? p2c()).create(tools)) };
}

type Checked<E> = Required<Omit<ProbingOptions<E>, 'unprobed'>>;

class Probing<E> implements PickerState<E> {
  readonly #options: Checked<E>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #unprobed: PickerState<E>;
  readonly #pool: ProbePool<Candidate<E>>;
  // Probes run in the async context of whoever created the balancer, not of the call they follow (law 8).
  readonly #background = new Background();
  #candidates: readonly Candidate<E>[] = [];
  #known = new Set<unknown>();
  #reuse = 1;
  #owedProbes = 0;
  #owedRemovals = 0;
  #underWay = 0;
  #disposed = false;

  constructor(options: Checked<E>, tools: PickerTools, unprobed: PickerState<E>) {
    this.#options = options;
    this.#clock = tools.clock;
    this.#random = tools.random;
    this.#unprobed = unprobed;
    this.#pool = new ProbePool(options.poolSize, options.hotQuantile);
  }

  update(candidates: readonly Candidate<E>[]): void {
    const { poolSize, probesPerCall, removalsPerCall } = this.#options;
    this.#candidates = candidates;
    this.#known = new Set(candidates);
    this.#pool.forget(({ server }) => !this.#known.has(server));
    this.#reuse = reuseLimit(poolSize, candidates.length, probesPerCall, removalsPerCall);
    this.#unprobed.update(candidates);
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    const { maxAgeMs, probesPerCall, removalsPerCall } = this.#options;
    this.#pool.forget(({ atMs }) => nowMs - atMs > maxAgeMs);
    const best = this.#best(call);
    call.trace?.note(best === undefined ? 'too few probes' : `the best of ${this.#pool.size} probes`);
    this.#owedRemovals += removalsPerCall;
    for (; this.#owedRemovals >= 1; this.#owedRemovals--) this.#pool.removeOne();
    this.#owedProbes += probesPerCall;
    if (this.#owedProbes >= 1) this.#background.run(() => this.#probeSome());
    return best ?? this.#unprobed.pick(nowMs, call);
  }

  dispose(): void {
    this.#disposed = true;
    this.#unprobed.dispose?.();
  }

  #best(call: PickedCall): Candidate | undefined {
    if (this.#pool.size < 2) return undefined;
    return this.#pool.use((candidate) => standing(candidate, call) === HEALTHY)?.server;
  }

  /** Asks as many servers as are owed, each another one. */
  #probeSome(): void {
    const wanted = Math.min(Math.floor(this.#owedProbes), this.#candidates.length);
    this.#owedProbes %= 1;
    const start = Math.floor(this.#random() * this.#candidates.length);
    for (let n = 0; n < wanted && this.#underWay < this.#options.maxProbes; n++) {
      // Evenly spread from a random start: random, and none twice.
      const step = Math.floor((n * this.#candidates.length) / wanted);
      void this.#ask(this.#candidates[(start + step) % this.#candidates.length] as Candidate<E>);
    }
  }

  async #ask(candidate: Candidate<E>): Promise<void> {
    this.#underWay++;
    try {
      const { probe, timeoutMs } = this.#options;
      const { inFlight, latencyMs } = await errand(probe, candidate.endpoint.address, this.#clock, timeoutMs);
      const atMs = this.#clock.now();
      if (this.#disposed || !this.#known.has(candidate) || !(inFlight >= 0) || !(latencyMs >= 0)) return;
      // A limit of 1.3 is 1, and in three of ten cases 2.
      const usesLeft = Math.floor(this.#reuse + this.#random());
      this.#pool.add({ server: candidate, atMs, latencyMs, inFlight, usesLeft });
    } catch {
      // Who does not answer is not in the pool.
    } finally {
      this.#underWay--;
    }
  }
}

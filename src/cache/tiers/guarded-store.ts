/**
 * A store behind a limit of time and a circuit: a far tier that is slow or dead costs a few callers a short wait, and
 * then nobody anything.
 */
import type { Clock } from '../../core/clock.ts';
import { errand } from '../../core/errand.ts';
import { EvenkeelError, hasCode } from '../../core/errors.ts';
import type { Reporter } from '../../core/observer.ts';
import type { CallContext } from '../../core/transport.ts';
import {
  admitted,
  type BreakerState,
  type BreakerTimes,
  CLOSED,
  closed,
  kindAt,
  opened,
} from '../../structures/breaker-machine.ts';
import type { CacheStore, LoadLease, Opening, StoredValue, StoreListener } from './cache-store.ts';

/** The far tier has failed too often, and is left alone for a while. */
export class FarTierOpenError extends EvenkeelError {
  constructor() {
    super('EVENKEEL_FAR_TIER_OPEN', 'the far tier has failed too often, and is left alone for a while');
  }

  override get name(): string {
    return 'FarTierOpenError';
  }
}

/** Whether `error` is a {@link FarTierOpenError}. */
export function isFarTierOpenError(error: unknown): error is FarTierOpenError {
  return hasCode(error, 'EVENKEEL_FAR_TIER_OPEN');
}

export interface GuardSettings {
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly timeoutMs: number;
  readonly failures: number;
  readonly openMs: number;
}

export class GuardedStore implements CacheStore {
  readonly guarded: boolean = true;
  readonly follow?: (listener: StoreListener) => () => void;
  readonly #store: CacheStore;
  readonly #settings: GuardSettings;
  readonly #times: BreakerTimes;
  #state: BreakerState = CLOSED;
  #failures = 0;

  constructor(store: CacheStore, settings: GuardSettings) {
    this.#store = store;
    this.#settings = settings;
    const { openMs } = settings;
    // One step that tries it is enough, and costs its caller little; so it is tried at an even pace.
    this.#times = { openMs, maxOpenMs: openMs, probes: 1, successes: 1 };
    if (store.follow !== undefined)
      this.follow = (listener) => (store.follow as NonNullable<CacheStore['follow']>)(listener);
  }

  get state(): BreakerState['kind'] {
    return kindAt(this.#state, this.#settings.clock.now(), this.#times);
  }

  open(key: string, lease: LoadLease | undefined): Promise<Opening> {
    return this.#guard('open', (context) => this.#store.open(key, lease, context));
  }

  write(key: string, value: StoredValue, token: string | undefined): Promise<boolean> {
    return this.#guard('write', (context) => this.#store.write(key, value, token, context));
  }

  release(key: string, token: string): Promise<void> {
    return this.#guard('release', (context) => this.#store.release(key, token, context));
  }

  remove(key: string): Promise<void> {
    return this.#guard('remove', (context) => this.#store.remove(key, context));
  }

  invalidateTag(tag: string): Promise<void> {
    return this.#guard('invalidateTag', (context) => this.#store.invalidateTag(tag, context));
  }

  clear(): Promise<void> {
    return this.#guard('clear', (context) => this.#store.clear(context));
  }

  #guard<T>(what: string, run: (context: CallContext) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#settings;
    const before = admitted(this.#state, clock.now(), this.#times);
    if (before === undefined) return Promise.reject(new FarTierOpenError());
    this.#state = before;
    return errand((_: undefined, context) => run(context), undefined, clock, timeoutMs).then(
      (value) => {
        this.#succeeded(before);
        return value;
      },
      (error: unknown) => {
        this.#failed(before, what, error);
        throw error;
      },
    );
  }

  #succeeded({ epoch }: BreakerState): void {
    // Late news: the circuit has changed since.
    if (epoch !== this.#state.epoch) return;
    this.#failures = 0;
    if (this.#state.kind === 'half-open') {
      this.#state = closed(this.#state);
      if (this.#settings.reporter.on) this.#settings.reporter.tell('far-closed', {});
    }
  }

  #failed({ epoch }: BreakerState, what: string, error: unknown): void {
    const { clock, reporter, failures, openMs } = this.#settings;
    if (reporter.on) reporter.tell('far-failed', { what, error: (error as Error | undefined)?.name });
    if (epoch !== this.#state.epoch) return;
    if (++this.#failures < failures && this.#state.kind !== 'half-open') return;
    this.#failures = 0;
    this.#state = opened(this.#state, clock.now(), this.#times, 0, 0);
    if (reporter.on) reporter.tell('far-open', { openMs });
  }
}

/**
 * Loads through a far tier: what it has is taken from there; what it has not is loaded by the one process that holds
 * the lease, while the others wait for it to write. Nothing that the far tier does, or fails to do, fails a read: then
 * the load goes to the origin, as if there were no far tier.
 */
import type { Context } from '../../core/context.ts';
import { TimeoutError } from '../../core/errors.ts';
import type { Reporter } from '../../core/observer.ts';
import { invoke, type Next } from '../../core/policy.ts';
import { sleep } from '../../core/wait.ts';
import { LoadsFullError } from '../errors.ts';
import type { CacheEngine } from '../engine.ts';
import { Entry, jittered } from '../freshness.ts';
import { keyText } from '../key-text.ts';
import { Aged, LoadingContext, type LoadResult, NotModified, Validated, validated } from '../loaded.ts';
import type { Plan } from '../plan.ts';
import { type CacheStore, isFresh, type LoadLease, type Opening, type StoredValue } from './cache-store.ts';
import { FarFigures, type FarSettings } from './far-settings.ts';
import type { Unsaid } from './unsaid.ts';

/** How long a process that waits for another's load sleeps before it looks again; twice as long each time. */
const [FIRST_LOOK_MS, LAST_LOOK_MS] = [5, 100];

export class FarLoads<A, V> {
  readonly figures: FarFigures = new FarFigures();
  readonly #engine: CacheEngine<A, V>;
  readonly #origin: Next<A, V>;
  readonly #far: CacheStore;
  readonly #unsaid: Unsaid;
  readonly #settings: FarSettings;
  readonly #reporter: Reporter;
  #id: string | undefined = undefined;
  #leases = 0;

  constructor(
    engine: CacheEngine<A, V>,
    origin: Next<A, V>,
    far: CacheStore,
    unsaid: Unsaid,
    settings: FarSettings,
    reporter: Reporter,
  ) {
    this.#engine = engine;
    this.#origin = origin;
    this.#far = far;
    this.#unsaid = unsaid;
    this.#settings = settings;
    this.#reporter = reporter;
  }

  async load(arg: A, context: LoadingContext): Promise<LoadResult<V> | Aged<V>> {
    const key = keyText(this.#engine.keyOf(arg));
    if (key === undefined || this.#unsaid.doubts(key, [])) return await this.#ask(arg, context);
    let lease: LoadLease = { token: this.#token(), ms: this.#settings.leaseMs, when: 'stale' };
    const { softTimeoutMs, clock } = this.#engine.settings;
    const staleAtMs = clock.now() + softTimeoutMs;
    let [lookMs, waited] = [FIRST_LOOK_MS, false];
    for (;;) {
      let opening: Opening;
      try {
        opening = await this.#far.open(key, lease, context);
      } catch {
        this.figures.unreachable++;
        return await this.#ask(arg, context);
      }
      if (context.scope?.aborted === true) {
        if (opening.leased) this.#release(key, lease, context);
        throw context.scope.reason;
      }
      const found = this.#read(key, arg, opening);
      if (found === undefined && opening.stored !== undefined && !opening.leased && lease.when === 'stale') {
        lease = { ...lease, when: 'always' };
        continue;
      }
      // Of use now: it is fresh, or may be shown while it is loaded, which the next reader brings about.
      if (found !== undefined && (found.freshForMs > 0 || this.#mayShow(found, arg, context))) {
        if (opening.leased) this.#release(key, lease, context);
        this.figures.hits++;
        return found;
      }
      if (opening.leased) return await this.#loadLeased(key, arg, lease, opening, found, context);
      if (clock.now() >= staleAtMs && this.#mayServe(found, arg, context))
        return this.#standIn(found as Aged<V>, new TimeoutError(softTimeoutMs, 'the load'));
      if (!waited) this.figures.waited++;
      waited = true;
      await sleep(lookMs, context);
      lookMs = Math.min(LAST_LOOK_MS, 2 * lookMs);
    }
  }

  /** Writes a value that was set by hand. */
  async set(key: string, arg: A, value: V, context: Context): Promise<void> {
    const { nowMs } = await this.#far.open(key, undefined, context);
    const plan = this.#engine.store.planner.of(value, arg, undefined);
    const stored = this.#stored(value, plan, nowMs, 0);
    if (stored === undefined) await this.#far.remove(key, context);
    else await this.#far.write(key, stored, undefined, context);
  }

  async #ask(arg: A, context: Context): Promise<LoadResult<V>> {
    // The load has ended while the far tier was asked: user code is not called any more.
    if (context.scope?.aborted === true) throw context.scope.reason;
    const { gate } = this.#settings;
    if (gate === undefined) return await invoke(this.#origin, arg, context);
    return await gate.run(() => invoke(this.#origin, arg, context), context);
  }

  async #loadLeased(
    key: string,
    arg: A,
    lease: LoadLease,
    opening: Opening,
    found: Aged<V> | undefined,
    context: LoadingContext,
  ): Promise<LoadResult<V> | Aged<V>> {
    const { gate, maxOriginLoads } = this.#settings;
    if (gate !== undefined && gate.running >= maxOriginLoads && this.#mayServe(found, arg, context)) {
      // As in the near tier: stale before a wait for room.
      this.#release(key, lease, context);
      return this.#standIn(found as Aged<V>, new LoadsFullError());
    }
    this.figures.misses++;
    const { clock } = this.#engine.settings;
    const startMs = clock.now();
    const renewing = this.#renew(key, lease, context);
    try {
      // What another process knows serves a conditional refresh as well.
      const known =
        context.known === undefined && found !== undefined ? this.#shown(found, context) : context;
      const said = await this.#ask(arg, known);
      const landed = settle(said, known);
      this.#write(key, arg, landed, lease, opening.nowMs, clock.now() - startMs, context);
      return landed;
    } catch (error) {
      this.#release(key, lease, context);
      if (!this.#mayServe(found, arg, context)) throw error;
      return this.#standIn(found as Aged<V>, error);
    } finally {
      renewing();
    }
  }

  /** What is stored, as this process would have it; `undefined` if there is nothing that it could use. */
  #read(key: string, arg: A, { stored, nowMs }: Opening): Aged<V> | undefined {
    if (stored === undefined || this.#unsaid.doubts(key, stored.tags)) return undefined;
    try {
      const value = this.#settings.serializer.parse(stored.text) as V;
      const ageMs = Math.max(0, nowMs - stored.sinceMs);
      const { ttlJitter, random } = this.#engine.settings;
      const freshMs = isFresh(stored, nowMs)
        ? Math.max(ageMs + 1, jittered(stored.freshMs, ttlJitter, random()))
        : stored.freshMs;
      const aged = new Aged(value, ageMs, stored.costMs, freshMs - ageMs, stored.validator, undefined);
      // The windows may be functions of the value, which not every text is a sound one for.
      this.#engine.store.planner.of(value, arg, stored.validator);
      return aged;
    } catch {
      this.figures.corrupt++;
      if (this.#reporter.on) this.#reporter.tell('far-corrupt', {});
      return undefined;
    }
  }

  #planOf({ value, validator }: Aged<V>, arg: A): Plan {
    return this.#engine.store.planner.of(value, arg, validator);
  }

  #mayShow(found: Aged<V>, arg: A, context: LoadingContext): boolean {
    return (
      context.known === undefined && -found.freshForMs < this.#planOf(found, arg).terms.staleWhileRevalidateMs
    );
  }

  /** Whether what the far tier knows may stand in for a load; where the near tier knows something, it decides. */
  #mayServe(found: Aged<V> | undefined, arg: A, { known }: LoadingContext): boolean {
    if (found === undefined || known !== undefined) return false;
    const { staleIfErrorMs, staleWhileRevalidateMs } = this.#planOf(found, arg).terms;
    return -found.freshForMs < Math.max(staleIfErrorMs, staleWhileRevalidateMs);
  }

  #standIn({ value, ageMs, costMs, freshForMs, validator }: Aged<V>, error: unknown): Aged<V> {
    this.figures.hits++;
    return new Aged(value, ageMs, costMs, freshForMs, validator, error);
  }

  #shown({ value, ageMs, validator, costMs }: Aged<V>, { call, scope }: LoadingContext): LoadingContext {
    const terms = { staleWhileRevalidateMs: 0, staleIfErrorMs: 0, tags: undefined, validator, size: 1 };
    return new LoadingContext(call, scope, new Entry(value, 0, 0, terms, costMs, 0), ageMs);
  }

  /** Nobody waits for it: the value is there. */
  #write(
    key: string,
    arg: A,
    landed: V | Validated<V>,
    lease: LoadLease,
    sinceMs: number,
    costMs: number,
    context: Context,
  ): void {
    let stored: StoredValue | undefined;
    try {
      const [value, validator] =
        landed instanceof Validated ? [landed.validatedValue, landed.validator] : [landed, undefined];
      stored = this.#stored(value, this.#engine.store.planner.of(value, arg, validator), sinceMs, costMs);
    } catch {
      // The near tier asks the same functions, and its callers hear what they throw.
    }
    if (stored === undefined) {
      this.#release(key, lease, context);
      return;
    }
    this.#far.write(key, stored, lease.token, context).then(
      (written) => {
        if (written) this.figures.writes++;
        else this.figures.refused++;
      },
      () => {},
    );
  }

  #stored(value: V, { ttlMs, terms }: Plan, sinceMs: number, costMs: number): StoredValue | undefined {
    const { maxKeepMs, maxTextLength, serializer } = this.#settings;
    const { staleWhileRevalidateMs, staleIfErrorMs, tags = [], validator } = terms;
    const text = serializer.stringify(value);
    if (text === undefined || text.length > maxTextLength) {
      this.figures.unfit++;
      if (this.#reporter.on) this.#reporter.tell('far-unfit', { length: text?.length, maxTextLength });
      return undefined;
    }
    const keepMs = Math.min(maxKeepMs, ttlMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs));
    if (!(keepMs > 0)) return undefined;
    return { text, sinceMs, freshMs: Math.min(ttlMs, keepMs), keepMs, costMs, tags, validator };
  }

  /** Keeps the lease while the load goes on; the function it answers with ends that. */
  #renew(key: string, lease: LoadLease, context: Context): () => void {
    const { clock } = this.#engine.settings;
    let timer: unknown;
    const again = (): void => {
      timer = clock.setTimeout(
        () => {
          this.#far.open(key, { ...lease, when: 'held' }, context).catch(() => {});
          again();
        },
        lease.ms / 2,
        'background',
      );
    };
    again();
    return () => clock.clearTimeout(timer);
  }

  #release(key: string, { token }: LoadLease, context: Context): void {
    this.#far.release(key, token, context).catch(() => {});
  }

  #token(): string {
    const { random } = this.#engine.settings;
    // Two draws: a hundred bits, drawn once, tell processes apart.
    this.#id ??= `${random().toString(36).slice(2)}${random().toString(36).slice(2)}`;
    return `${this.#id}.${++this.#leases}`;
  }
}

/** What was said to be unmodified is the value that was shown. */
function settle<V>(said: LoadResult<V>, { known }: LoadingContext): V | Validated<V> {
  if (!(said instanceof NotModified)) return said;
  if (known === undefined) return said as never;
  return validated(known.value as V, known.validator);
}

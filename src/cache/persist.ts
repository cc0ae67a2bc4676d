/**
 * Persisting what a cache knows, for warm starts and for offline use: a snapshot as plain records, one at a time, so
 * that neither side ever holds all of them. Where they are kept, and in what form, is the user's.
 */
import { systemWallClock, type WallClock } from '../core/clock.ts';
import { OptionError } from '../core/errors.ts';
import { type CacheControls, engineOf } from './controls.ts';
import type { Terms } from './freshness.ts';
import { keyOfText, keyText } from './key-text.ts';
import type { Key } from './keys.ts';

/** One entry, as it leaves the process. All but the value is JSON; `null` stands for `Infinity`. */
export interface Persisted<V = unknown> {
  readonly key: string;
  readonly value: V;
  /** When its load began, in milliseconds since 1970. */
  readonly loadedAtMs: number;
  /** How long it was fresh from then on. */
  readonly ttlMs: number | null;
  readonly staleWhileRevalidateMs: number | null;
  readonly staleIfErrorMs: number | null;
  readonly costMs: number;
  readonly size: number;
  readonly tags?: readonly string[] | undefined;
  readonly validator?: unknown;
}

export interface RestoreOptions {
  /** Milliseconds since 1970; the ages of entries go by it. @defaultValue `Date.now` */
  readonly wallClock?: WallClock;
}

/**
 * All that may still be served, the least recently used first. Remembered failures are left out, and so are keys that
 * count by identity (functions, symbols, instances of classes): they mean nothing in another process. What changes
 * meanwhile may be in it or not.
 *
 * @throws {@link OptionError} if `cache` is no cache of evenkeel
 * @example
 * ```ts
 * import { coalescingCache, persist, type Persisted, restore } from 'evenkeel';
 * const options = { load: async (id: string) => `user ${id}`, ttlMs: 60_000 };
 * const before = coalescingCache(options);
 * await before.get('42');
 * const lines: string[] = []; // a file, one record a line
 * for await (const record of persist(before)) lines.push(JSON.stringify(record));
 *
 * const after = coalescingCache(options);
 * await restore(after, lines.map((line) => JSON.parse(line) as Persisted<string>));
 * if (after.peek('42') !== 'user 42') throw new Error('a cold start');
 * ```
 */
export async function* persist<A, V>(
  cache: Pick<CacheControls<A, V>, 'peek'>,
  { wallClock = systemWallClock }: RestoreOptions = {},
): AsyncGenerator<Persisted<V>, void, undefined> {
  const { store } = engineOf('persist', cache);
  for (const [key, entry] of store.entries()) {
    const nowMs = store.clock.read();
    const written = keyText(key);
    if (written === undefined || store.peek(key, nowMs) !== entry) continue;
    const { value, sinceMs, freshUntilMs, costMs, terms } = entry;
    yield {
      key: written,
      value,
      loadedAtMs: wallClock() - (nowMs - sinceMs),
      ttlMs: toJson(freshUntilMs - sinceMs),
      staleWhileRevalidateMs: toJson(terms.staleWhileRevalidateMs),
      staleIfErrorMs: toJson(terms.staleIfErrorMs),
      costMs,
      size: terms.size,
      ...(terms.tags !== undefined && { tags: terms.tags }),
      ...(terms.validator !== undefined && { validator: terms.validator }),
    };
  }
}

/**
 * Takes records into a cache, as old as they are by now; resolves with how many it took. It leaves out those that may
 * not be served any more, those that are no record, and keys that the cache has learned of, or changed, since the
 * restoring began: what it knows itself is newer. Tags that were invalidated while nobody was there are not known.
 *
 * @throws {@link OptionError} if `cache` is no cache of evenkeel, and whatever reading the records throws
 */
export async function restore<A, V>(
  cache: Pick<CacheControls<A, V>, 'peek'>,
  records: AsyncIterable<Persisted<V>> | Iterable<Persisted<V>>,
  { wallClock = systemWallClock }: RestoreOptions = {},
): Promise<number> {
  const { store, followers } = engineOf('restore', cache);
  const holder = records as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (holder?.[Symbol.asyncIterator] === undefined && holder?.[Symbol.iterator] === undefined)
    throw new OptionError('restore', 'records', records, 'an iterable or async iterable of records');
  const changed = new Set<Key>();
  let [cleared, taken] = [false, 0];
  const hear = (key: Key | undefined): void => {
    if (key === undefined) cleared = true;
    else changed.add(key);
  };
  const { generation } = store;
  followers.add(hear);
  try {
    for await (const record of records) {
      if (cleared) break;
      const nowMs = store.clock.read();
      const key = keyOf(record);
      if (key === undefined || changed.has(key) || store.peek(key, nowMs) !== undefined) continue;
      const { value, loadedAtMs, ttlMs, costMs } = record;
      // A wall clock that has stepped back makes nothing younger than new.
      const sinceMs = nowMs - Math.max(0, Math.ceil(wallClock() - loadedAtMs));
      const terms = termsOf(record);
      const untilMs = sinceMs + fromJson(ttlMs);
      if (nowMs >= untilMs + Math.max(terms.staleWhileRevalidateMs, terms.staleIfErrorMs)) continue;
      const plan = { ttlMs: fromJson(ttlMs), terms };
      if (store.putUntil(key, value, plan, sinceMs, untilMs, costMs, generation) === 'stored') taken++;
    }
  } finally {
    followers.delete(hear);
  }
  return taken;
}

/** The key of what is a record; `undefined` for anything else, such as half a line of a file. */
function keyOf(record: unknown): Key | undefined {
  if (typeof record !== 'object' || record === null) return undefined;
  const { key, loadedAtMs, tags, size, costMs, ...windows } = record as Record<string, unknown>;
  const times = [windows['ttlMs'], windows['staleWhileRevalidateMs'], windows['staleIfErrorMs']];
  const sound =
    typeof key === 'string' &&
    'value' in windows &&
    isTime(loadedAtMs) &&
    isTime(costMs) &&
    times.every((time) => time === null || isTime(time)) &&
    Number.isSafeInteger(size) &&
    (size as number) >= 1 &&
    (tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')));
  return sound ? keyOfText(key) : undefined;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}

function termsOf(record: Persisted): Terms {
  return {
    staleWhileRevalidateMs: fromJson(record.staleWhileRevalidateMs),
    staleIfErrorMs: fromJson(record.staleIfErrorMs),
    tags: record.tags,
    validator: record.validator,
    size: record.size,
  };
}

function toJson(ms: number): number | null {
  return ms === Infinity ? null : ms;
}

function fromJson(ms: number | null): number {
  return ms ?? Infinity;
}

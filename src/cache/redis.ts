/**
 * Redis, or Valkey, as the far tier of a cache: `evenkeel/redis`. Takes a client of node-redis or of ioredis; neither
 * is a dependency of evenkeel.
 *
 * @module
 */
import { OptionError } from '../core/errors.ts';
import { checkCount, checkInterval } from '../core/options.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { Bus } from './redis/bus.ts';
import { connectionOf, type IoRedisClient, type NodeRedisClient } from './redis/client.ts';
import { OPEN, RELEASE, REMOVE, STAMP, WRITE } from './redis/scripts.ts';
import type { CacheStore, LoadLease, Opening, StoredValue } from './tiers/cache-store.ts';

export type {
  IoRedisClient,
  IoRedisSubscriber,
  NodeRedisClient,
  NodeRedisSubscriber,
} from './redis/client.ts';

export interface RedisStoreOptions {
  /** A connected client of node-redis or ioredis. It stays the user's: nobody here closes it. */
  readonly client: NodeRedisClient | IoRedisClient;
  /** Begins every key. Caches with loaders of their own need prefixes of their own. @defaultValue 'evenkeel:' */
  readonly prefix?: string;
  /**
   * How long it is remembered when a tag, or all, was invalidated: at least as long as any value is kept.
   * @defaultValue 1_209_600_000, 14 days
   */
  readonly stampMs?: number;
  /** How long who was loading before a change is refused. At least `hardTimeoutMs`. @defaultValue 60_000 */
  readonly fenceMs?: number;
  /** How many changes are kept for processes that were cut off. @defaultValue 1_000 */
  readonly logLength?: number;
  /** Tells this process from the others. */
  readonly random?: Random;
}

/** What is known of a value beside its times, as it is written. */
interface Meta {
  readonly c: number;
  readonly g: readonly string[];
  readonly v?: unknown;
}

/**
 * A {@link CacheStore} in Redis 5 or later, or Valkey. Each value is a hash with its text and times, by Redis's own
 * clock; a lease is a key with an expiry and a token; tags are stamped with the time and never scanned; changes are
 * told by pub/sub, and a log of the last of them serves those who were cut off.
 *
 * Keys of one value are in one slot, so a cluster will do, through a client that routes by key (ioredis's). Redis should
 * evict (`maxmemory-policy allkeys-lru`): what is lost is loaded anew. What a failover loses is loaded anew as well; a
 * change that it loses is not known, and the value lives until its time is over. Not for values that must not be lost.
 *
 * @throws `OptionError` at construction for an option out of its range
 */
export function redisStore(options: RedisStoreOptions): CacheStore {
  const where = 'redisStore';
  const connection = connectionOf(where, options.client);
  const { prefix = 'evenkeel:', random = systemRandom } = options;
  if (typeof prefix !== 'string') throw new OptionError(where, 'prefix', prefix, 'a text');
  const stampMs = finite(where, 'stampMs', options.stampMs ?? 1_209_600_000);
  const fenceMs = finite(where, 'fenceMs', options.fenceMs ?? 60_000);
  const logLength = checkCount(where, 'logLength', options.logLength ?? 1000);
  const keys = new RedisKeys(prefix);
  let bus: Bus | undefined;
  const told = (): Bus =>
    (bus ??= new Bus({
      connection,
      channel: keys.channel,
      id: `${random().toString(36).slice(2)}${random().toString(36).slice(2)}`,
      logLength,
    }));
  const run = (script: string, names: readonly string[], ...words: string[]): Promise<unknown> =>
    connection.send('EVAL', script, String(names.length), ...names, ...words);
  const open = async (key: string, lease: LoadLease | undefined): Promise<Opening> => {
    const { token = '', ms = 1, when = 'stale' } = lease ?? {};
    const [reply, cleared] = await Promise.all([
      run(OPEN, keys.of(key), token, whole(ms), when),
      connection.send('GET', keys.cleared),
    ]);
    const opening = readOpening(reply);
    const { stored, leased, there } = opening;
    if (!there) return opening;
    const tags = stored?.tags ?? [];
    const stamps = [
      cleared,
      ...(await Promise.all(tags.map((tag) => connection.send('GET', keys.tag(tag))))),
    ];
    // In the same millisecond it may have been before or after: a load too many is better than an old value.
    const outdated = stamps.some((stamp) => stamp !== null && Number(stamp) >= (stored?.sinceMs ?? 0));
    if (stored !== undefined && !outdated) return opening;
    // It is there, and stood in the way of the lease, but it is of no use.
    if (lease !== undefined && !leased && when === 'stale')
      return await open(key, { ...lease, when: 'always' });
    return { ...opening, stored: undefined };
  };
  return {
    open,
    write: async (key, value, token) => {
      const meta: Meta = { c: value.costMs, g: value.tags, v: value.validator };
      const words = [token ?? '', value.text, whole(value.sinceMs), whole(value.freshMs), metaText(meta)];
      const written = await run(WRITE, keys.of(key), ...words, whole(value.keepMs), whole(fenceMs));
      if (token === undefined) await told().tell('key', key);
      return Number(written) === 1;
    },
    release: async (key, token) => void (await run(RELEASE, keys.of(key).slice(1), token)),
    remove: async (key) => {
      await run(REMOVE, keys.of(key), whole(fenceMs));
      await told().tell('key', key);
    },
    invalidateTag: async (tag) => {
      await run(STAMP, [keys.tag(tag)], whole(stampMs));
      await told().tell('tag', tag);
    },
    clear: async () => {
      await run(STAMP, [keys.cleared], whole(stampMs));
      await told().tell('all', '');
    },
    follow: (listener) => told().follow(listener),
  };
}

class RedisKeys {
  readonly channel: string;
  readonly cleared: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.channel = `${prefix}bus`;
    this.cleared = `${prefix}cleared`;
  }

  /** Of the value and its lease; what is between the braces decides the slot, so there are none in it. */
  of(key: string): [value: string, lease: string] {
    const slot = `{${key.replaceAll('%', '%25').replaceAll('{', '%7B').replaceAll('}', '%7D')}}`;
    return [`${this.#prefix}v:${slot}`, `${this.#prefix}l:${slot}`];
  }

  tag(tag: string): string {
    return `${this.#prefix}t:${tag}`;
  }
}

/** The reply of {@link OPEN}. Something may be there that makes no sense, and is no value. */
function readOpening(reply: unknown): Opening & { readonly there: boolean } {
  const [now, leased, text, since, fresh, meta] = (reply as readonly unknown[]).map(String);
  const there = meta !== undefined && meta !== '';
  const known = there ? readMeta(meta) : undefined;
  const stored: StoredValue | undefined = known && {
    text: text as string,
    sinceMs: Number(since),
    freshMs: Number(fresh),
    keepMs: Infinity,
    costMs: known.c,
    tags: known.g,
    validator: known.v,
  };
  return { stored, leased: Number(leased) === 1, nowMs: Number(now), there };
}

function readMeta(text: string): Meta | undefined {
  try {
    const meta = JSON.parse(text) as Partial<Meta> | null;
    const sound =
      typeof meta?.c === 'number' && Array.isArray(meta.g) && meta.g.every((tag) => typeof tag === 'string');
    return sound ? (meta as Meta) : undefined;
  } catch {
    return undefined;
  }
}

/** A validator that is not JSON is left out: then a refresh by another process is a load. */
function metaText(meta: Meta): string {
  try {
    return JSON.stringify(meta);
  } catch {
    return JSON.stringify({ c: meta.c, g: meta.g });
  }
}

/** As Redis takes numbers. */
function whole(ms: number): string {
  return String(Math.min(Number.MAX_SAFE_INTEGER / 2, Math.ceil(ms)));
}

function finite(where: string, option: string, ms: number): number {
  if (checkInterval(where, option, ms) < Infinity) return ms;
  throw new OptionError(where, option, ms, 'finite');
}

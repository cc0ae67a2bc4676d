/**
 * The cache: what we already know. Loads once per key, serves stale where fresh cannot be had, and is never
 * overtaken by an older load.
 *
 * @module
 */
export { cache, type CachedTransport, type CacheLayer } from './cache-layer.ts';
export { coalescingCache, type CoalescingCache, type CoalescingCacheOptions } from './coalescing-cache.ts';
export type { CacheControls } from './controls.ts';
export type { Lookup } from './engine.ts';
export { CacheDisposedError, isCacheDisposedError, isLoadsFullError, LoadsFullError } from './errors.ts';
export type { CacheOptions } from './options.ts';
export type { CacheSnapshot, StaleReason } from './statistics.ts';

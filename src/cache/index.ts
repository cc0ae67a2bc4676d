/**
 * The cache: what we already know. Loads once per key, serves stale where fresh cannot be had, and is never
 * overtaken by an older load.
 *
 * @module
 */
export type { Dropped } from '../core/bounded-map.ts';
export { batched, type BatchedOptions } from './batched.ts';
export { type AsideLoad, type CacheAside, cacheAside } from './cache-aside.ts';
export { cache, type CachedTransport, type CacheLayer } from './cache-layer.ts';
export { coalescingCache, type CoalescingCache, type CoalescingCacheOptions } from './coalescing-cache.ts';
export type { CacheControls } from './controls.ts';
export type { Lookup } from './engine.ts';
export { CacheDisposedError, isCacheDisposedError, isLoadsFullError, LoadsFullError } from './errors.ts';
export { type Known, type LoadContext, type LoadResult, type NotModified, notModified } from './loaded.ts';
export { type Validated, validated } from './loaded.ts';
export type { CacheOptions, WindowMs } from './options.ts';
export { persist, type Persisted, restore, type RestoreOptions } from './persist.ts';
export type { CacheSnapshot, StaleReason } from './statistics.ts';
export type { CacheStore, LoadLease, Opening, StoredValue, StoreListener } from './tiers/cache-store.ts';
export { FarTierOpenError, isFarTierOpenError } from './tiers/guarded-store.ts';
export type { FarFigures } from './tiers/far-settings.ts';
export { jsonSerializer, type Serializer } from './tiers/serializer.ts';
export { sharded, type StoreGuardOptions } from './tiers/sharded.ts';
export { tiered, type TieredCache, type TieredOptions, type TieredSnapshot } from './tiers/tiered.ts';

/** The port between a quorum read and whoever says whom to ask first, and when the others. */
import type { Context } from '../core/context.ts';
import type { Count, Race } from './race.ts';

/** In what order, and when, a read asks its replicas; made by {@link hedgedFanOut}. */
export interface FanOutStrategy<R> {
  /** @internal */
  race<V, T>(replicas: readonly R[], context: Context, count: Count<R, V, T>): Race<R, V, T>;
  /** What it knows. */
  snapshot(): unknown;
}

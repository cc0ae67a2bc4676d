/** What loads through a far tier are told, and what they have done. */
import type { Gate } from '../../core/gate.ts';
import type { Serializer } from './serializer.ts';

export interface FarSettings {
  /** What the origin may be asked for at once; `undefined` where the cache's own bound is enough. */
  readonly gate: Gate | undefined;
  readonly maxOriginLoads: number;
  readonly leaseMs: number;
  readonly maxKeepMs: number;
  readonly maxTextLength: number;
  readonly serializer: Serializer;
}

/** What the far tier has done for the loads of this process. */
export class FarFigures {
  /** Loads that were answered by it. */
  hits = 0;
  /** Loads that went to the origin after asking it. */
  misses = 0;
  /** Loads that waited for another process. */
  waited = 0;
  /** Loads that it could not be asked about. */
  unreachable = 0;
  /** Values that were written to it. */
  writes = 0;
  /** Values that it refused, because something changed while they were loaded. */
  refused = 0;
  /** Values that have no text, or one that is too long. */
  unfit = 0;
  /** What it held that was no value. */
  corrupt = 0;
}

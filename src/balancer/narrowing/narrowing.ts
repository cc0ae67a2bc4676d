/**
 * The port for narrowings: who is a candidate at all? A narrowing stands around a picker and lets it choose among
 * fewer; so several of them make one pipeline, in the order in which they are listed:
 *
 *   endpoints ─▶ subset ─▶ priorities ─▶ zones ─▶ picker ─▶ the endpoint
 */
import type { Picker } from '../pickers/picker.ts';

/** Makes of a picker one that chooses among fewer. */
export type Narrowing<E = unknown> = (pick: Picker<E>) => Picker<E>;

/** The picker with all narrowings around it, the first one outermost. */
export function narrowed<E>(pick: Picker<E>, narrowings: readonly Narrowing<E>[]): Picker<E> {
  return narrowings.reduceRight((inner, narrow) => narrow(inner), pick);
}

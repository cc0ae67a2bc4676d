/** How many loads a loader can carry at once, if it says so: one that gathers them into batches carries many. */
export const CAPACITY: unique symbol = Symbol('evenkeel.capacity');

export function capacityOf(load: object): number | undefined {
  return (load as { readonly [CAPACITY]?: number })[CAPACITY];
}

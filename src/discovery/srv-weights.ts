/**
 * The weights of SRV records as weights of endpoints, which are above 0 (RFC 2782).
 *
 * There a client draws a whole number from 0 to the sum of the weights of one priority, both included, and takes
 * the first record whose running sum reaches it, those of weight 0 first. So of `sum + 1` draws `w` choose a
 * record of weight `w`, and one chooses among those of weight 0: they share the weight 1. A priority with nothing
 * but zeros wants no selection by weight: all are equal.
 */
export function srvWeights<R extends { readonly priority: number; readonly weight: number }>(
  records: readonly R[],
): ReadonlyMap<R, number> {
  const groups = new Map<number, { zeros: number; all: number }>();
  for (const { priority, weight } of records) {
    const group = groups.get(priority) ?? { zeros: 0, all: 0 };
    group.all++;
    if (weight === 0) group.zeros++;
    groups.set(priority, group);
  }
  return new Map(
    records.map((record) => {
      const { zeros, all } = groups.get(record.priority) ?? { zeros: 0, all: 0 };
      if (record.weight > 0) return [record, record.weight];
      return [record, zeros === all ? 1 : 1 / zeros];
    }),
  );
}

/** ethers issue 1115: "failed to meet quorum" whenever the heads of honest nodes differ by more than one. */
import { agree } from 'evenkeel';
import { expect, it } from 'vitest';

it('nodes whose heads are far apart agree on the block that enough of them have', async () => {
  const heads = new Map([['a', 100], ['b', 103], ['c', 107]]); // prettier-ignore
  const { value, pinned } = await agree({
    replicas: [...heads.keys()],
    required: 2,
    pin: { version: async (name) => heads.get(name) ?? 0 },
    ask: async (_name, _context, height) => `hash of ${height}`,
  });
  expect([value, pinned]).toEqual(['hash of 103', 103]);
});

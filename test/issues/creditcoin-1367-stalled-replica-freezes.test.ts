/** gluwa/creditcoin3 PR 1367: taking the least of the agreed heads lets one stalled backup freeze the tip. */
import { agree } from 'evenkeel';
import { expect, it } from 'vitest';

it('progress follows those who go on, not the one that is stuck', async () => {
  const heads = new Map([['stuck', 10], ['b', 20], ['c', 20]]); // prettier-ignore
  const seen: unknown[] = [];
  for (let round = 0; round < 3; round++) {
    const { pinned } = await agree({
      replicas: [...heads.keys()],
      required: 2,
      pin: { version: async (name) => heads.get(name) ?? 0 },
      ask: async (_name, _context, height) => height,
    });
    seen.push(pinned);
    for (const name of ['b', 'c']) heads.set(name, (heads.get(name) ?? 0) + 1);
  }
  expect(seen).toEqual([20, 21, 22]);
});

/**
 * ethers' FallbackProvider takes half of the weight for a quorum: of four providers, two that say 1 and two that say
 * 2, it answers 1, and says nothing. Half is not a majority.
 */
import { agree, isQuorumError, majority } from 'evenkeel';
import { expect, it } from 'vitest';

it('two against two is no agreement, and the call ends at once', async () => {
  const replicas = [1, 1, 2, 2].map((says) => ({ says }));
  const ask = async ({ says }: { says: number }): Promise<number> => says;
  const error = await agree({ replicas, required: majority(4), ask }).catch((failure: unknown) => failure);
  expect(isQuorumError(error) && [error.votes, error.required]).toEqual([2, 3]);
  expect([1, 2, 3, 4, 5, 6].map(majority)).toEqual([1, 2, 2, 3, 3, 4]);
});

/** redlock-py issue 6: the quorum was counted over the servers that could be reached, so both halves had one. */
import { isQuorumError, majority, quorumWrite } from 'evenkeel';
import { expect, it } from 'vitest';

it('two that can be reached of five are not a majority, though they agree', async () => {
  const replicas = ['a', 'b', 'c', 'd', 'e'];
  const write = async (name: string): Promise<string> => {
    if (name > 'b') throw Object.assign(new Error('unreachable'), { code: 'EHOSTUNREACH' });
    return 'granted';
  };
  const error = await quorumWrite({ replicas, required: majority(5), write }).catch(
    (failure: unknown) => failure,
  );
  expect(isQuorumError(error) && [error.votes, error.of, error.required]).toEqual([2, 5, 3]);
});

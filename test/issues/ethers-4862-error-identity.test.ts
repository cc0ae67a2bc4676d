/** ethers issue 4862: equal reverts differ by the id of their JSON-RPC request, so a quorum on them never forms. */
import { agree, isAgreedError } from 'evenkeel';
import { expect, it } from 'vitest';

it('errors agree by what they are, not by which request they belong to', async () => {
  let id = 0;
  const ask = async (): Promise<never> => {
    throw Object.assign(new Error(`id ${++id}: execution reverted`), { code: 3, data: '0x08c379a0' });
  };
  const errorClass = (error: unknown): unknown => (error as { data?: string }).data;
  const error = await agree({ replicas: ['a', 'b', 'c'], required: 2, ask, errorClass }).catch(
    (e: unknown) => e,
  );
  expect(isAgreedError(error) && [error.errorClass, error.votes]).toEqual(['0x08c379a0', 2]);
});

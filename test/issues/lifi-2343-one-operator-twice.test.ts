/** lifinance/contracts PR 2343: two endpoints of one operator are one witness. */
import { agree, isQuorumError } from 'evenkeel';
import { expect, it } from 'vitest';

const operator = (host: string): string => host.split('.').slice(-2).join('.');
const ask = async (host: string): Promise<string> => (host.endsWith('evil.example') ? 'lie' : 'truth');

it('an operator with two machines has one vote', async () => {
  const replicas = ['a.evil.example', 'b.evil.example', 'good.example', 'fine.test'];
  const same = await agree({ replicas, required: 2, ask, operator });
  expect([same.value, same.votes]).toEqual(['truth', 2]);
  const alone = agree({ replicas: replicas.slice(0, 3), required: 2, ask, operator });
  expect(await alone.catch(isQuorumError)).toBe(true);
});

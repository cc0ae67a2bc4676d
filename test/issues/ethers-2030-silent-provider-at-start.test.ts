/**
 * ethers issue 2030: a provider that never answers at the start makes every call wait for ever; and one whose first
 * call failed is never asked again, also when it is back.
 */
import { agree, hedgedFanOut, quorumRead } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { behaving, range, watched } from '../quorum/replicas.ts';

it('a silent replica is not waited for where the others are enough, from the first call on', async () => {
  const clock = virtualClock();
  const ask = behaving<number>(clock, ['silent', { afterMs: 5, value: 7 }, { afterMs: 6, value: 7 }]);
  const call = watched(agree({ replicas: range(3), required: 2, ask, clock }));
  await clock.advance(6);
  expect(call.value?.value).toBe(7);
});

it('a replica that has failed is asked again, and counts when it is back', async () => {
  const clock = virtualClock();
  const fanOut = hedgedFanOut<string>({ clock, decayMs: 1_000 });
  let down = true;
  const asked: string[] = [];
  const read = async (name: string): Promise<string> => {
    asked.push(name);
    if (name === 'a' && down) throw new Error('down');
    return name;
  };
  const call = (): Promise<unknown> => quorumRead({ replicas: ['a', 'b'], required: 2, read, fanOut, clock });
  await expect(call()).rejects.toThrow();
  down = false;
  await call();
  expect(asked).toEqual(['a', 'b', 'b', 'a']);
});

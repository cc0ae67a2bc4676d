/**
 * Voldemort waits for all `preferred` replicas, or its whole timeout, before it looks whether `required` have
 * answered: one slow node costs every read 5 s. And an answer "obsolete" is an acknowledgement there, rightly.
 */
import { quorumRead, quorumWrite } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { behaving, range, watched } from '../quorum/replicas.ts';

it('a slow replica that is not needed delays nothing', async () => {
  const clock = virtualClock();
  const read = behaving<number>(clock, [{ afterMs: 3, value: 1 }, { afterMs: 4, value: 2 }, 'silent']);
  const call = watched(quorumRead({ replicas: range(3), required: 2, read, newest: (a, b) => a - b, clock }));
  await clock.advance(4);
  expect(call.value?.value).toBe(2);
});

it('"I have a newer one" is an acknowledgement', async () => {
  const write = async (n: number): Promise<string> => (n === 0 ? 'stored' : 'obsolete version');
  expect((await quorumWrite({ replicas: range(3), required: 3, write })).acks).toBe(3);
});

/**
 * minio/dsync: grants that come after the caller has given up have to be released; and nodes that restart forget
 * their locks: of 8, with 3 down when it was granted, 2 that restart are enough for a second grant.
 */
import { isReplicaContractError, quorumRegister, quorumWrite, type QuorumWriteError } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { behaving, memoryReplica, range, watched } from '../quorum/replicas.ts';

it('who grants after the call has failed is told, so that it can be released', async () => {
  const clock = virtualClock();
  const down = { afterMs: 1, error: new Error('down') };
  const write = behaving<string>(clock, [down, down, { afterMs: 50, value: 'granted' }]);
  const call = watched(quorumWrite({ replicas: range(3), required: 2, write, clock }));
  await clock.advance(1);
  const released: number[] = [];
  void (call.error as QuorumWriteError<number>).settled.then((fates) => {
    for (const { replica, status } of fates) if (status === 'acked') released.push(replica);
  });
  await clock.advance(49);
  expect(released).toEqual([2]);
});

it('replicas that have forgotten do not count for whoever knows what they had', async () => {
  const replicas = range(8).map(() => memoryReplica<string>());
  const register = quorumRegister({
    replicas,
    ...memoryReplica.ports<string>(),
    consistency: 'linearizable',
    repair: 'none',
  });
  for (const one of replicas.slice(5)) one.state = 'down';
  await register.write('lock', 'owner 1');
  for (const one of replicas) one.state = 'up';
  for (const one of replicas.slice(0, 2)) one.rows.clear(); // restarted empty
  // Five of eight could answer "nobody has it" now: those two, and the three that were down.
  const { value, replies } = await register.lookup('lock');
  expect(value).toBe('owner 1');
  const broken = replies.filter((reply) => reply.status === 'failed' && isReplicaContractError(reply.error));
  expect(broken).toHaveLength(2);
});

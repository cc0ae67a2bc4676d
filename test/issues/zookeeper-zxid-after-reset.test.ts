/**
 * ZooKeeper clients send the last zxid they have seen, and a server behind it refuses them. After an ensemble was reset
 * its zxids begin anew, and clients go round for ever (node-zookeeper-client says so in its notes).
 */
import { isSessionLostError, partitioned, session } from 'evenkeel';
import { expect, it } from 'vitest';

it('the caller is told once, and can go on', async () => {
  let at = { epoch: 7, offset: 5000 };
  let sent = 0;
  const call = partitioned({
    partitionOf: () => 'ensemble',
    accessOf: (op: 'read' | 'write') => op,
    groups: [{ partitions: ['ensemble'], primary: 'z1', replicas: ['z2', 'z3'] }],
    send: async () => {
      sent++;
      return at;
    },
    positionOf: (answer) => answer,
  });
  const mine = session();
  await call('write', { session: mine });
  at = { epoch: 0, offset: 3 };
  sent = 0;
  const error: unknown = await call('read', { session: mine }).catch((error: unknown) => error);
  expect(isSessionLostError(error)).toBe(true);
  expect(sent).toBe(3);
  mine.forget('ensemble');
  expect(await call('read', { session: mine })).toEqual(at);
});

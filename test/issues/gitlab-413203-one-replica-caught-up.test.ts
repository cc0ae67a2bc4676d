/**
 * gitlab-org/gitlab#413203: a session stuck to the primary was let go as soon as one replica had caught up with it; its
 * later reads went to another that had not.
 */
import { partitioned, session } from 'evenkeel';
import { seededRandom } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('each answer is held against the session, not the fleet', async () => {
  const applied: Record<string, number> = { primary: 100, swift: 100, laggard: 10 };
  const call = partitioned({
    partitionOf: () => 'main',
    accessOf: (op: 'read' | 'write') => op,
    groups: [{ partitions: ['main'], primary: 'primary', replicas: ['swift', 'laggard'] }],
    send: async (server: string) => ({ epoch: 1, offset: applied[server] as number }),
    positionOf: (answer) => answer,
    random: seededRandom(7),
  });
  const mine = session();
  await call('write', { session: mine });
  for (let n = 0; n < 100; n++) expect((await call('read', { session: mine })).offset).toBe(100);
});

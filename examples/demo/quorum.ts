/** A value written to and read from five replicas, two of which are dead. */
import { majority, quorumRead, quorumWrite } from 'evenkeel';
import { startServers } from './servers.ts';

export interface QuorumResult {
  readonly replicas: number;
  readonly dead: number;
  readonly required: number;
  readonly acks: number;
  readonly failedWrites: number;
  readonly value: unknown;
  readonly ok: boolean;
}

interface Versioned {
  readonly version: number;
  readonly value: string | null;
}

export async function quorumDemo(): Promise<QuorumResult> {
  const replicas = await startServers(['r1', 'r2', 'r3', 'r4', 'r5']);
  const [dead1, dead2] = replicas;
  await Promise.all([dead1?.kill(), dead2?.kill()]);
  const required = majority(replicas.length);
  const written = await quorumWrite({
    replicas,
    required,
    write: async ({ origin }, { signal }) => {
      const body = JSON.stringify({ version: 1, value: 'kept' });
      return (await fetch(`${origin}/value`, { method: 'PUT', body, signal })).json();
    },
  });
  const settled = await written.settled;
  const read = await quorumRead({
    replicas,
    required,
    read: async ({ origin }, { signal }) =>
      (await fetch(`${origin}/value`, { signal })).json() as Promise<Versioned>,
    newest: (a, b) => a.version - b.version,
  });
  return {
    replicas: replicas.length,
    dead: 2,
    required,
    acks: written.acks,
    failedWrites: settled.filter(({ status }) => status === 'failed').length,
    value: read.value.value,
    ok: read.value.value === 'kept' && written.acks >= required,
  };
}

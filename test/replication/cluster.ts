/** A replicated store under the test's hand, on a virtual clock: who leads what, who is down, who lies. */
import type { CallContext, CallOptions, PartitionedOptions, ReplicationGroup } from 'evenkeel';
import type { VirtualClock } from 'evenkeel/testing';

export interface Request {
  readonly partition: string;
  readonly read?: boolean;
}

export interface Answer {
  readonly by: string;
  readonly epoch: number;
}

/** "Not I." */
export class NotLeader extends Error {
  readonly to: string | undefined;
  readonly epoch: number | undefined;

  constructor(to?: string, epoch?: number) {
    super('not the leader');
    this.to = to;
    this.epoch = epoch;
  }
}

export interface Belief {
  readonly leader: string | undefined;
  readonly epoch: number;
}

export class Cluster {
  readonly clock: VirtualClock;
  readonly names: readonly string[];
  /** What is so, by partition. */
  readonly truth = new Map<string, Belief>();
  /** What a server believes, where it differs: `server/partition`. */
  readonly beliefs = new Map<string, Belief>();
  readonly down = new Set<string>();
  readonly sent: { readonly to: string; readonly request: Request; readonly atMs: number }[] = [];
  readonly applied: { readonly by: string; readonly partition: string; readonly epoch: number }[] = [];
  maps = 0;
  latencyMs = 2;
  epochs = true;

  constructor(clock: VirtualClock, names: readonly string[], partitions: Readonly<Record<string, string>>) {
    this.clock = clock;
    this.names = names;
    for (const [partition, leader] of Object.entries(partitions))
      this.truth.set(partition, { leader, epoch: 1 });
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimeout(resolve, ms, 'background'));
  }

  elect(partition: string, leader: string): void {
    const epoch = (this.truth.get(partition)?.epoch ?? 0) + 1;
    this.truth.set(partition, { leader, epoch });
  }

  belief(server: string, partition: string): Belief {
    return (
      this.beliefs.get(`${server}/${partition}`) ??
      this.truth.get(partition) ?? { leader: undefined, epoch: 0 }
    );
  }

  readonly send = async (server: string, request: Request, _context: CallContext): Promise<Answer> => {
    this.sent.push({ to: server, request, atMs: this.clock.now() });
    await this.wait(this.latencyMs);
    if (this.down.has(server)) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const { leader, epoch } = this.belief(server, request.partition);
    if (leader !== server && request.read !== true)
      throw new NotLeader(leader, this.epochs ? epoch : undefined);
    if (request.read !== true) this.applied.push({ by: server, partition: request.partition, epoch });
    return { by: server, epoch };
  };

  groups(): ReplicationGroup<string>[] {
    return [...this.truth].map(([partition, { leader, epoch }]) => ({
      partitions: [partition],
      ...(leader !== undefined && { primary: leader }),
      replicas: this.names.filter((name) => name !== leader),
      ...(this.epochs && { epoch }),
    }));
  }

  /** Asks for the map, as of the moment of asking. */
  readonly load = async (): Promise<readonly ReplicationGroup<string>[]> => {
    this.maps++;
    const groups = this.groups();
    await this.wait(this.latencyMs);
    return groups;
  };

  options(
    more: Partial<PartitionedOptions<string, Request, Answer>> = {},
  ): PartitionedOptions<string, Request, Answer> {
    return {
      partitionOf: ({ partition }) => partition,
      accessOf: ({ read }) => (read === true ? 'read' : 'write'),
      groups: this.load,
      send: this.send,
      redirect: (settled) =>
        settled.status === 'rejected' && settled.reason instanceof NotLeader
          ? { to: settled.reason.to, epoch: settled.reason.epoch }
          : undefined,
      clock: this.clock,
      ...more,
    };
  }
}

export type Call = (request: Request, options?: CallOptions) => Promise<Answer>;

/** How a call ended, or that it has not. */
export function watched<T>(call: Promise<T>): { settlements: number; value?: T; error?: unknown } {
  const seen: { settlements: number; value?: T; error?: unknown } = { settlements: 0 };
  call.then(
    (value) => {
      seen.settlements++;
      seen.value = value;
    },
    (error: unknown) => {
      seen.settlements++;
      seen.error = error;
    },
  );
  return seen;
}

/** Replicas under the test's hand. */
import { type CallContext, compareTags, type Versioned } from 'evenkeel';
import type { VirtualClock } from 'evenkeel/testing';

/** What a replica does: answers or fails after a while (0: at once), or stays silent. */
export type Behaviour<V> =
  | { readonly afterMs: number; readonly value: V }
  | { readonly afterMs: number; readonly error: unknown }
  | 'silent';

/** A request to a replica, as the test sees it. */
export interface Request {
  readonly replica: number;
  readonly context: CallContext;
}

/** A function to hand in as `read`, `write` or `ask`; replica n behaves as the n-th behaviour says. */
export function behaving<V>(
  clock: VirtualClock,
  behaviours: readonly Behaviour<V>[],
  requests: Request[] = [],
): (replica: number, context: CallContext) => Promise<V> {
  return (replica, context) => {
    requests.push({ replica, context });
    const behaviour = behaviours[replica];
    return new Promise<V>((resolve, reject) => {
      if (behaviour === undefined || behaviour === 'silent') return;
      const act = (): void => {
        if ('error' in behaviour) reject(behaviour.error);
        else resolve(behaviour.value);
      };
      if (behaviour.afterMs === 0) act();
      else setVirtual(clock, act, behaviour.afterMs);
    });
  };
}

/** How many of the clock's timers are the replicas' own. */
const own = new WeakMap<VirtualClock, number>();

function setVirtual(clock: VirtualClock, act: () => void, ms: number): void {
  own.set(clock, (own.get(clock) ?? 0) + 1);
  clock.setTimeout(() => {
    own.set(clock, (own.get(clock) ?? 0) - 1);
    act();
  }, ms);
}

/** Timers that evenkeel has left behind. */
export function leftTimers(clock: VirtualClock): number {
  return clock.pendingTimers - (own.get(clock) ?? 0);
}

export function range(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index);
}

/** How a promise stands: its value, its error, or that it has not settled. */
export function watched<T>(promise: Promise<T>): { value?: T; error?: unknown; settlements: number } {
  const state: { value?: T; error?: unknown; settlements: number } = { settlements: 0 };
  promise.then(
    (value) => {
      state.value = value;
      state.settlements++;
    },
    (error: unknown) => {
      state.error = error;
      state.settlements++;
    },
  );
  return state;
}

/** A replica of a register in memory that keeps the contract; down, silent, or well. */
export interface MemoryReplica<V> {
  rows: Map<string, Versioned<V>>;
  state: 'up' | 'down' | 'silent';
  asked: number;
}

export function memoryReplica<V>(state: MemoryReplica<V>['state'] = 'up'): MemoryReplica<V> {
  return { rows: new Map(), state, asked: 0 };
}

/** What a register needs to talk to them. */
memoryReplica.ports = <V>() => ({
  read: async (replica: MemoryReplica<V>, key: string): Promise<Versioned<V> | undefined> => {
    await available(replica);
    return replica.rows.get(key);
  },
  write: async (replica: MemoryReplica<V>, key: string, versioned: Versioned<V>): Promise<void> => {
    await available(replica);
    const old = replica.rows.get(key);
    if (old === undefined || compareTags(versioned.tag, old.tag) > 0) replica.rows.set(key, versioned);
  },
});

async function available(replica: MemoryReplica<unknown>): Promise<void> {
  replica.asked++;
  if (replica.state === 'down') throw new Error('down');
  if (replica.state === 'silent') await new Promise(() => {});
}

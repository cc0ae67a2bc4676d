/** Replicas under the test's hand. */
import type { CallContext } from 'evenkeel';
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

/** Leases: a pick that counts until it is given back, for what is used for longer than one call. */
import { type OutcomeKind, outcomeOf } from '../core/outcome.ts';
import type { Member } from './member.ts';

/**
 * An endpoint that is in use, for instance by a WebSocket or a pooled connection. It counts as in flight until it
 * is released; its length is not taken for a latency.
 */
export interface Lease<E> {
  readonly endpoint: E;
  /** The connection stands: the time from the lease to here is the latency that costs learn from. */
  answered(): void;
  /** Gives it back, once; says how it went. @defaultValue `'success'` */
  release(outcome?: OutcomeKind): void;
  [Symbol.dispose](): void;
}

/** What a lease asks of its balancer. */
export interface Lessor<E> {
  now(): number;
  /** The member has one thing less in flight. */
  returned(member: Member<E>): void;
}

export function leaseOf<E>(member: Member<E>, startMs: number, lessor: Lessor<E>): Lease<E> {
  const ticket = member.health?.ticket ?? 0;
  let [waiting, held] = [true, true];
  const learn = (kind: OutcomeKind): void => {
    member.note(startMs, lessor.now(), outcomeOf(kind), ticket, undefined);
    waiting = false;
  };
  const release = (kind: OutcomeKind = 'success'): void => {
    if (!held) return;
    held = false;
    // A success that never said when it was answered has no latency to tell; a failure is news at any age.
    if (kind === 'failure' || kind === 'overload') learn(kind);
    lessor.returned(member);
  };
  return {
    endpoint: member.endpoint.address,
    answered: () => {
      if (waiting && held) learn('success');
    },
    release,
    // Where the platform has no Symbol.dispose, release() is there all the same.
    ...(Symbol.dispose === undefined ? {} : { [Symbol.dispose]: () => release() }),
  } as Lease<E>;
}

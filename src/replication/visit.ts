/** What one call makes of its answers: the epoch they tell, and whether they hold what its session has seen. */
import type { Context } from '../core/context.ts';
import { checkEpoch } from './epoch.ts';
import { SessionLostError } from './errors.ts';
import type { Access } from './group.ts';
import type { Node } from './node.ts';
import type { Router } from './router.ts';
import type { PartitionId, Session } from './session.ts';

export class Visit<E, S> {
  /** Replicas that were behind the session. */
  readonly passed: Set<Node<E>> = new Set();
  readonly #router: Router<E, never, S>;
  readonly #partition: PartitionId;
  readonly #access: Access;
  readonly #session: Session | undefined;

  constructor(router: Router<E, never, S>, partition: PartitionId, access: Access, context: Context) {
    this.#router = router;
    this.#partition = partition;
    this.#access = access;
    this.#session = (context as { readonly session?: Session }).session;
  }

  epochOf(value: S): number | undefined {
    return checkEpoch('epochOf', this.#router.options.epochOf?.(value));
  }

  /** Whether the call may settle with this answer; throws if no answer can ever be good enough. */
  accepts(value: S, node: Node<E>, byPrimary: boolean): boolean {
    const session = this.#session;
    const applied = session === undefined ? undefined : this.#router.options.positionOf?.(value);
    if (session === undefined || applied === undefined) return true;
    const standing = session.standing(this.#partition, applied);
    if (standing === 'reached' || (standing === 'unknown' && byPrimary)) {
      session.saw(this.#partition, applied);
      return true;
    }
    const isLost = standing === 'lost' || (standing === 'behind' && byPrimary);
    if (isLost) return this.#lost(session, applied);
    this.passed.add(node);
    return false;
  }

  #lost(session: Session, applied: { readonly epoch: number; readonly offset: number }): true {
    const seen = session.seen(this.#partition);
    const { reporter } = this.#router;
    if (reporter.on) reporter.tell('session-lost', { partition: this.#partition, seen, applied });
    // The write itself is done; that earlier ones are gone is told by the next read.
    if (this.#access === 'write') return true;
    throw new SessionLostError(this.#partition, seen, applied);
  }
}

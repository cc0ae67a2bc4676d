/**
 * Which members a register asks now, and how it changes them without a moment at which a read can miss a write:
 * old → old and new → new. An operation keeps to the members with which it began, so before anything is copied
 * all that began with the old ones only must have ended.
 */
import { EvenkeelError } from '../../core/errors.ts';
import { jointMembers, membersOf, type Members, type RegisterQuorum } from './members.ts';
import type { RegisterReplicas } from './options.ts';

/** One way of finding a key's members. */
export interface Configuration<R> {
  of(key: string): Members<R>;
}

/** A period in which one configuration was in force, and the operations that began in it. */
class Epoch<R> {
  readonly configuration: Configuration<R>;
  inFlight = 0;
  #idle: (() => void)[] = [];

  constructor(configuration: Configuration<R>) {
    this.configuration = configuration;
  }

  left(): void {
    if (--this.inFlight > 0) return;
    for (const idle of this.#idle) idle();
    this.#idle = [];
  }

  /** Resolves when no operation of it is under way. */
  ended(): Promise<void> {
    return this.inFlight === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}

export class Membership<R> {
  #stable: Configuration<R>;
  #epoch: Epoch<R>;
  #inFlight = 0;
  #changing = false;

  constructor(configuration: Configuration<R>) {
    this.#stable = configuration;
    this.#epoch = new Epoch(configuration);
  }

  get state(): 'stable' | 'joint' {
    return this.#epoch.configuration === this.#stable ? 'stable' : 'joint';
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Runs an operation with the members of now, whatever comes after. */
  async during<T>(key: string, operation: (members: Members<R>) => Promise<T>): Promise<T> {
    const epoch = this.#epoch;
    const members = epoch.configuration.of(key);
    epoch.inFlight++;
    this.#inFlight++;
    try {
      return await operation(members);
    } finally {
      this.#inFlight--;
      epoch.left();
    }
  }

  /**
   * Goes from the old to the new configuration. `copy` makes sure that the new one has all there is; `together`
   * waits for other clients.
   */
  async change<T>(
    next: Configuration<R>,
    copy: () => Promise<T>,
    together: (stage: 'joined' | 'copied') => Promise<void>,
  ): Promise<T> {
    if (this.#changing)
      throw new EvenkeelError('EVENKEEL_RECONFIGURING', 'the replicas are being changed already');
    this.#changing = true;
    const old = this.#stable;
    try {
      await this.#enter(jointly(old, next));
      let copied: T;
      try {
        await together('joined');
        copied = await copy();
      } catch (error) {
        // Nobody can have left the old ones behind yet, and those who ask both meet those who ask the old ones.
        await this.#enter(old);
        throw error;
      }
      await together('copied');
      this.#stable = next;
      await this.#enter(next);
      return copied;
    } finally {
      this.#changing = false;
    }
  }

  /** From now on operations begin with this one; resolves when those that began with another have ended. */
  #enter(configuration: Configuration<R>): Promise<void> {
    const before = this.#epoch;
    this.#epoch = new Epoch(configuration);
    return before.ended();
  }
}

export function configurationOf<R>(
  replicas: RegisterReplicas<R>,
  quorum: RegisterQuorum<R> | undefined,
): Configuration<R> {
  if (typeof replicas === 'function') return { of: (key) => membersOf(replicas(key), quorum) };
  const members = membersOf(replicas, quorum);
  return { of: () => members };
}

function jointly<R>(before: Configuration<R>, after: Configuration<R>): Configuration<R> {
  return { of: (key) => jointMembers(before.of(key), after.of(key)) };
}

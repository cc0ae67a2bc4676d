/**
 * How an abort travels inside evenkeel: an intrusive, doubly linked list of hooks.
 *
 * `AbortSignal.any` and a listener per call leak, and cost microseconds (Node issues 54614 and 55351); a hook
 * costs two pointer writes to add and two to remove. Whatever waits for an abort (a scope, a queue, a backoff)
 * is such a hook. Hooks run newest first, each at most once.
 */

/** Somebody who wants to hear of an abort. Set the three links to `undefined` and leave them alone. */
export interface AbortHook {
  prev: AbortHook | undefined;
  next: AbortHook | undefined;
  owner: AbortSource | undefined;
  abort(reason: unknown): void;
}

/** Something that can be aborted, and the newest of the hooks that wait for it. */
export interface AbortSource {
  head: AbortHook | undefined;
  /** Called when the last hook has left. */
  idle(): void;
}

export function link(source: AbortSource, hook: AbortHook): void {
  const head = source.head;
  hook.owner = source;
  hook.next = head;
  if (head !== undefined) head.prev = hook;
  source.head = hook;
}

/** Takes the hook out of whatever list it is in; harmless when it is in none. */
export function unlink(hook: AbortHook): void {
  const { owner, prev, next } = hook;
  if (owner === undefined) return;
  if (prev === undefined) owner.head = next;
  else prev.next = next;
  if (next !== undefined) next.prev = prev;
  hook.owner = hook.prev = hook.next = undefined;
  if (owner.head === undefined) owner.idle();
}

/** Tells every hook, newest first; a hook that is added meanwhile is told too. */
export function abortAll(source: AbortSource, reason: unknown): void {
  for (let hook = source.head; hook !== undefined; hook = source.head) {
    unlink(hook);
    hook.abort(reason);
  }
}

/** A hook made of a function, for the waits that are not hot. */
export function hookOf(abort: (reason: unknown) => void): AbortHook {
  return { prev: undefined, next: undefined, owner: undefined, abort };
}

/**
 * The one listener that evenkeel keeps on a caller's signal, however many calls are in flight under it. It is
 * there only while one is: 200 000 calls under one long-lived signal leave nothing behind.
 */
class SignalSource implements AbortSource {
  head: AbortHook | undefined = undefined;
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  handleEvent(): void {
    abortAll(this, this.#signal.reason);
  }

  idle(): void {
    this.#signal.removeEventListener('abort', this);
  }

  follow(hook: AbortHook): void {
    if (this.head === undefined) this.#signal.addEventListener('abort', this);
    link(this, hook);
  }
}

const sources = new WeakMap<AbortSignal, SignalSource>();

/** Runs the hook when the signal aborts. The signal must not be aborted already. */
export function followSignal(signal: AbortSignal, hook: AbortHook): void {
  let source = sources.get(signal);
  if (source === undefined) {
    source = new SignalSource(signal);
    sources.set(signal, source);
  }
  source.follow(hook);
}

/**
 * The observer: where decisions and their reasons go (law 11). Nothing is logged here; whoever listens decides.
 *
 * Events are built only while somebody listens, so an unobserved call pays one property read. Listeners come
 * from a factory's `observer` option and from the one process-wide slot, which `evenkeel/debug` fills.
 */

/** One decision: which room made it, what it was, and the facts that led to it. */
export interface ObserverEvent {
  /** The room, for instance `'retry'`; also the namespace under `DEBUG=evenkeel:*`. */
  readonly room: string;
  /** What happened, for instance `'attempt-failed'`. */
  readonly type: string;
  /** The `name` option of the factory, if it was given one. */
  readonly name: string | undefined;
  /** Facts of this type of event: counts, durations in `Ms`, reasons. Never a header, a key or a body. */
  readonly [fact: string]: unknown;
}

/** Hears events; what it throws is swallowed, because telling must never break the call told about. */
export type Observer = (event: ObserverEvent) => void;

/** The process-wide slot; one object however many copies of the package are loaded. */
interface Slot {
  /** In order of arrival. Replaced, never changed: who is being told is not disturbed by who comes or goes. */
  listeners: readonly Listener[];
}

/** One `observe`: an object of its own, so that a function given twice is stopped once for each. */
interface Listener {
  readonly observer: Observer;
}

const SLOT = Symbol.for('evenkeel.observer');

// The way to the slot: looking it up on the global object for every event would cost more than the event.
let found: Slot | undefined;

function slot(): Slot {
  const holder = globalThis as { [SLOT]?: Slot };
  return (found ??= holder[SLOT] ??= { listeners: [] });
}

/**
 * Adds a process-wide observer and answers with a function that takes it out again. Others, earlier or later, go
 * on hearing everything; they may be stopped in any order.
 *
 * @example
 * ```ts
 * import { observe, retry } from 'evenkeel';
 * const events: string[] = [];
 * const stop = observe((event) => events.push(`${event.room}:${event.type}`));
 * await retry({ baseDelayMs: 1 }).run(async ({ attempt }) => {
 *   if (attempt === 1) throw new Error('once');
 * });
 * stop();
 * if (events[0] !== 'retry:retrying') throw new Error(events.join());
 * ```
 */
export function observe(observer: Observer): () => void {
  const shared = slot();
  const listener: Listener = { observer };
  shared.listeners = [...shared.listeners, listener];
  return () => {
    shared.listeners = shared.listeners.filter((one) => one !== listener);
  };
}

/** What a factory holds to tell of its decisions: its room and name, and who listens. */
export class Reporter {
  readonly #room: string;
  readonly #name: string | undefined;
  readonly #observer: Observer | undefined;

  constructor(room: string, options: { readonly name?: string; readonly observer?: Observer }) {
    this.#room = room;
    this.#name = options.name;
    this.#observer = options.observer;
  }

  /** Whether anybody listens; ask before building an event. */
  get on(): boolean {
    return this.#observer !== undefined || slot().listeners.length > 0;
  }

  tell(type: string, facts: Readonly<Record<string, unknown>>): void {
    const event: ObserverEvent = { ...facts, room: this.#room, type, name: this.#name };
    hear(this.#observer, event);
    for (const { observer } of slot().listeners) hear(observer, event);
  }
}

function hear(observer: Observer | undefined, event: ObserverEvent): void {
  try {
    observer?.(event);
  } catch {
    // A listener's fault is not the call's.
  }
}

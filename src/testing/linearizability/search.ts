/**
 * Is there an order of these operations, each between its call and its return, that the model could have taken?
 *
 * Wing and Gong's search (1993) with Lowe's memo (2017), as in Porcupine: walk the calls and returns in their
 * order; try each operation whose call comes before the first return of one not yet placed; take it out and start
 * again from the head; at that return go back and try another. A set of placed operations in a state that was
 * reached before leads nowhere new. The problem is NP-complete: hundreds of operations of which few overlap are
 * quick, dozens that all overlap may not be, so the steps are bounded.
 *
 * An operation that has not ended may be placed anywhere after its call, or left out.
 */
import type { Operation } from './history.ts';
import type { Model } from './model.ts';

/** `'unknown'`: the search was given up. */
export type Verdict = 'linearizable' | 'violation' | 'unknown';

/** A call, or the return that belongs to it, in a doubly linked list of both. */
interface Entry {
  readonly operation: number;
  /** Of a call: its return, or `undefined` if it never returned. */
  readonly end: Entry | undefined;
  readonly isCall: boolean;
  prev: Entry | undefined;
  next: Entry | undefined;
}

export function search<S, O extends Operation>(
  operations: readonly O[],
  model: Model<S, O>,
  textOf: (state: S) => string,
  maxSteps: number,
): Verdict {
  const head = entriesOf(operations);
  const placed = new Uint32Array((operations.length + 31) >>> 5);
  const seen = new Set<string>();
  const stack: { readonly entry: Entry; readonly before: S }[] = [];
  let open = operations.filter(({ endedAt }) => endedAt !== Infinity).length;
  let state = model.initial;
  let entry = head.next;
  for (let steps = 0; open > 0; steps++) {
    if (steps >= maxSteps) return 'unknown';
    if (entry?.isCall === true) {
      const operation = operations[entry.operation] as O;
      if (model.allows(state, operation)) {
        const next = model.next(state, operation);
        flip(placed, entry.operation);
        const memo = `${placed.join()}|${textOf(next)}`;
        if (!seen.has(memo)) {
          seen.add(memo);
          stack.push({ entry, before: state });
          state = next;
          if (entry.end !== undefined) open--;
          lift(entry);
          entry = head.next;
          continue;
        }
        flip(placed, entry.operation);
      }
      entry = entry.next;
      continue;
    }
    const last = stack.pop();
    if (last === undefined) return 'violation';
    ({ entry } = last);
    state = last.before;
    flip(placed, entry.operation);
    if (entry.end !== undefined) open++;
    unlift(entry);
    entry = entry.next;
  }
  return 'linearizable';
}

/** Calls and returns in their order; of those at one time the calls come first, so they overlap. */
function entriesOf(operations: readonly Operation[]): Entry {
  const events: { readonly at: number; readonly entry: Entry }[] = [];
  for (const [operation, { startedAt, endedAt }] of operations.entries()) {
    const links = { operation, prev: undefined, next: undefined };
    const end: Entry | undefined =
      endedAt === Infinity ? undefined : { ...links, end: undefined, isCall: false };
    events.push({ at: startedAt, entry: { ...links, end, isCall: true } });
    if (end !== undefined) events.push({ at: endedAt, entry: end });
  }
  events.sort((a, b) => a.at - b.at || Number(b.entry.isCall) - Number(a.entry.isCall));
  const head: Entry = { operation: -1, end: undefined, isCall: true, prev: undefined, next: undefined };
  let last = head;
  for (const { entry } of events) {
    last.next = entry;
    entry.prev = last;
    last = entry;
  }
  return head;
}

/** Takes a call and its return out of the list; both remember where they stood. */
function lift(call: Entry): void {
  takeOut(call);
  if (call.end !== undefined) takeOut(call.end);
}

/** Puts them back, in the opposite order. */
function unlift(call: Entry): void {
  if (call.end !== undefined) putBack(call.end);
  putBack(call);
}

function takeOut(entry: Entry): void {
  if (entry.prev !== undefined) entry.prev.next = entry.next;
  if (entry.next !== undefined) entry.next.prev = entry.prev;
}

function putBack(entry: Entry): void {
  if (entry.prev !== undefined) entry.prev.next = entry;
  if (entry.next !== undefined) entry.next.prev = entry;
}

function flip(set: Uint32Array, member: number): void {
  const word = member >>> 5;
  set[word] = (set[word] ?? 0) ^ (1 << (member & 31));
}

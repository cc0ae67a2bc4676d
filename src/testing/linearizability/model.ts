/** What a thing would do if there were one of it and one client at a time: what a history is held against. */
import { canonicalText } from '../../structures/canonical-text.ts';
import type { Operation, RegisterOperation } from './history.ts';

/** A sequential specification. All of it is pure. */
export interface Model<S, O extends Operation> {
  /** Before any operation. */
  readonly initial: S;
  /** Whether, in this state, the operation could have answered what it did. Of one that has not ended, always. */
  allows(state: S, operation: O): boolean;
  /** The state after it. */
  next(state: S, operation: O): S;
  /** A text for each state, the same for states that are alike. @defaultValue by content, as plain data */
  textOf?(state: S): string;
  /** Operations with different partitions do not touch: each partition is checked by itself. @defaultValue one */
  partitionOf?(operation: O): unknown;
}

/** Registers by key: a read answers what was written last, or `undefined` if nothing was. */
export const registerModel: Model<unknown, RegisterOperation> = {
  initial: undefined,
  allows: (state, { type, value }) => type === 'write' || state === value || same(state, value),
  next: (state, { type, value }) => (type === 'write' ? value : state),
  partitionOf: ({ key }) => key,
};

function same(a: unknown, b: unknown): boolean {
  const text = canonicalText(a);
  return text !== undefined && text === canonicalText(b);
}

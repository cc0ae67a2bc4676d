/**
 * A history: what clients asked and were told, and which call had ended before which began. Time in it is only an
 * order, counted in events: two events of one millisecond are still one after the other, as they really were.
 */

/** One operation on something shared. */
export interface Operation {
  /** When it was called: any number that only grows, equal for no two events of a recorded history. */
  readonly startedAt: number;
  /** When it returned; `Infinity` if it never did or nobody knows what it did. */
  readonly endedAt: number;
}

/** A read or a write of a register. */
export interface RegisterOperation extends Operation {
  readonly type: 'read' | 'write';
  readonly key: string;
  /** What was written, or what a read that has ended answered; `undefined` is an empty register. */
  readonly value: unknown;
  /** The version of the value, for {@link checkTagOrder}: a read's empty register has none. */
  readonly tag?: string | undefined;
  /** Who did it; for reports only. */
  readonly client?: string;
}

/** An operation that is under way. */
export interface Recording {
  /** It has returned: what it answered, and with which tag. */
  returned(facts?: { readonly value?: unknown; readonly tag?: string | undefined }): void;
  /** It did nothing, for certain: it is struck from the history. */
  refused(): void;
  /** Nobody knows whether it did anything. A read that failed did nothing, and is struck. */
  unknown(facts?: { readonly tag?: string | undefined }): void;
}

export interface RecordedHistory {
  /** Call it right before the operation; operations for which nothing more is said are pending for ever. */
  called(operation: Pick<RegisterOperation, 'type' | 'key' | 'value' | 'client'>): Recording;
  /** What has happened so far. */
  operations(): readonly RegisterOperation[];
}

/**
 * Records what clients do with registers, for {@link checkLinearizability} and {@link checkTagOrder}.
 *
 * @example
 * ```ts
 * import { checkLinearizability, recordHistory, registerModel } from 'evenkeel/testing';
 * const history = recordHistory();
 * const write = history.called({ type: 'write', key: 'k', value: 1 });
 * write.returned();
 * const read = history.called({ type: 'read', key: 'k', value: undefined });
 * read.returned({ value: undefined }); // it should have been 1
 * const { verdict } = checkLinearizability(history.operations(), registerModel);
 * if (verdict !== 'violation') throw new Error('a stale read was not seen');
 * ```
 */
export function recordHistory(): RecordedHistory {
  let events = 0;
  const entries = new Set<{ -readonly [fact in keyof RegisterOperation]: RegisterOperation[fact] }>();
  return {
    called: (operation) => {
      const entry = {
        ...operation,
        tag: undefined as string | undefined,
        startedAt: ++events,
        endedAt: Infinity,
      };
      entries.add(entry);
      return {
        returned: (facts = {}) => {
          entry.endedAt = ++events;
          if (entry.type === 'read') entry.value = facts.value;
          entry.tag = facts.tag;
        },
        refused: () => entries.delete(entry),
        unknown: (facts = {}) => {
          entry.tag = facts.tag;
          if (entry.type === 'read') entries.delete(entry);
        },
      };
    },
    operations: () => [...entries].filter(({ type, endedAt }) => type === 'write' || endedAt !== Infinity),
  };
}
